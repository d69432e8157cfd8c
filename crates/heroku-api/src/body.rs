//! Decompression of response bodies.
//!
//! reqwest decompresses too, but stops after the first member of a gzip body (RFC 1952, section 2.2,
//! allows several) and so truncates it without an error.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// A body that is decompressed as it arrives.
pub(super) enum BodyDecoder {
    Identity(LimitedBuffer),
    Gzip(Box<MultiGzDecoder<LimitedBuffer>>),
}

/// Why a body cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The decompressed body is larger than the limit.
    TooLarge,
    /// The body does not match its `Content-Encoding`.
    Invalid,
}

impl BodyDecoder {
    /// Creates a decoder for a `Content-Encoding`, or returns an error if it is not supported.
    /// `limit` is in bytes, after decompression.
    pub(super) fn new(encoding: Option<&str>, limit: usize) -> Result<Self, BodyError> {
        let buffer = LimitedBuffer {
            bytes: Vec::new(),
            limit,
        };
        match encoding.map(str::trim) {
            None | Some("" | "identity") => Ok(Self::Identity(buffer)),
            Some(gzip) if ["gzip", "x-gzip"].contains(&gzip.to_ascii_lowercase().as_str()) => {
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(buffer))))
            }
            Some(_) => Err(BodyError::Invalid),
        }
    }

    /// Adds the next part of the body.
    pub(super) fn add(&mut self, part: &[u8]) -> Result<(), BodyError> {
        let result = match self {
            Self::Identity(buffer) => buffer.write_all(part),
            Self::Gzip(decoder) => decoder.write_all(part),
        };
        result.map_err(BodyError::from)
    }

    /// Returns the complete body.
    pub(super) fn finish(self) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Identity(buffer) => Ok(buffer.bytes),
            Self::Gzip(decoder) => Ok(decoder.finish()?.bytes),
        }
    }
}

impl From<io::Error> for BodyError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Invalid,
        }
    }
}

/// A buffer that refuses to grow beyond its limit.
pub(super) struct LimitedBuffer {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for LimitedBuffer {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if part.len() > self.limit - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn member(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes a body that arrives in parts of `size` bytes.
    fn decode(
        encoding: &str,
        body: &[u8],
        size: usize,
        limit: usize,
    ) -> Result<Vec<u8>, BodyError> {
        let mut decoder = BodyDecoder::new(Some(encoding), limit)?;
        body.chunks(size).try_for_each(|part| decoder.add(part))?;
        decoder.finish()
    }

    #[test]
    fn decodes_all_members_in_any_parts() {
        let body = [member(b"one"), member(b""), member(b"two")].concat();
        for size in 1..=body.len() {
            assert_eq!(decode("gzip", &body, size, 6).unwrap(), b"onetwo", "{size}");
            assert_eq!(decode("X-GZIP", &body, size, 5), Err(BodyError::TooLarge));
        }
        assert_eq!(decode("identity", b"one", 1, 3).unwrap(), b"one");
        assert_eq!(decode("", b"one", 1, 2), Err(BodyError::TooLarge));
    }

    #[test]
    fn rejects_invalid_and_truncated_bodies() {
        let good = member(b"one");
        let mut corrupt = good.clone();
        let checksum = corrupt.len() - 5;
        corrupt[checksum] ^= 1;
        let trailing = [&good[..], b"garbage"].concat();
        for body in [b"plain", &good[..good.len() - 1], &corrupt, &trailing] {
            assert_eq!(
                decode("gzip", body, 3, 100),
                Err(BodyError::Invalid),
                "{body:?}"
            );
        }
        assert_eq!(decode("br", b"", 1, 100), Err(BodyError::Invalid));
    }

    #[test]
    fn limits_what_a_small_body_expands_to() {
        let bomb = member(&vec![0; 10 << 20]);
        assert!(bomb.len() < 20_000);
        let decoded = decode("gzip", &bomb, bomb.len(), 1 << 20);
        assert_eq!(decoded, Err(BodyError::TooLarge));
    }
}
