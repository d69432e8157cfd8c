//! Numbers, UUIDs and tags that follow from a text, the same on every machine and in every run.
//!
//! `std`'s hashers promise no stable values between releases, and the generators of the `rand`
//! family are several crates for what is needed here: a few thousand well-mixed numbers that a text
//! names. FNV-1a and the finaliser of SplitMix64 are ten lines, published constants, and integer
//! arithmetic only.

/// A 64-bit digest of `bytes` under `seed`: FNV-1a, then the finaliser of SplitMix64, since FNV
/// alone leaves the high bits of short texts alike.
pub(crate) fn digest(seed: u64, bytes: &[u8]) -> u64 {
    let offset = 0xcbf2_9ce4_8422_2325 ^ mixed(seed);
    mixed(bytes.iter().fold(offset, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// The step and the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// A version-4 UUID that `label` names.
pub(crate) fn uuid(seed: u64, label: &str) -> String {
    let high = digest(seed, label.as_bytes());
    let low = mixed(high);
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

#[cfg(test)]
mod tests {
    use super::{digest, uuid};

    #[test]
    fn values_never_change() {
        assert_eq!(digest(0, b""), digest(0, b""));
        assert_ne!(digest(0, b"a"), digest(1, b"a"));
        assert_ne!(digest(0, b"a"), digest(0, b"b"));
        let id = uuid(7, "team");
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert_eq!(id, uuid(7, "team"));
    }
}
