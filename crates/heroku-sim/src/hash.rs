//! Stable hashes and UUIDs: the same input gives the same output on every machine and in every
//! release. The standard library does not guarantee this for its hashers.

/// Returns a 64-bit hash of `bytes` with `seed`: FNV-1a, finalized by SplitMix64, because FNV-1a
/// alone does not mix the high bits of short inputs.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let offset_basis = 0xcbf2_9ce4_8422_2325 ^ splitmix64(seed);
    splitmix64(bytes.iter().fold(offset_basis, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Returns the output of SplitMix64 (Steele, Lea and Flood, 2014) for a state.
fn splitmix64(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Returns the version-4 UUID of a label.
pub(crate) fn uuid(seed: u64, label: &str) -> String {
    let high = hash(seed, label.as_bytes());
    let low = splitmix64(high);
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

#[cfg(test)]
mod tests {
    use super::{hash, uuid};

    #[test]
    fn hash_depends_only_on_seed_and_bytes() {
        assert_eq!(hash(0, b""), hash(0, b""));
        assert_ne!(hash(0, b"a"), hash(1, b"a"));
        assert_ne!(hash(0, b"a"), hash(0, b"b"));
        let id = uuid(7, "team");
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert_eq!(id, uuid(7, "team"));
    }
}
