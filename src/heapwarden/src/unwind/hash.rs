//! A hash of stacks, by which equal ones are found; whether they are is up to the finder.

/// The most frames of a stack.
pub const WINDOW_MAX: usize = 128;

/// The hash of `frames`.
pub fn of(frames: impl Iterator<Item = usize>) -> u64 {
    let stirred = frames.fold(0u64, |hash, pc| {
        (hash ^ pc as u64).rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    let bits = (stirred ^ stirred >> 32).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_number_matter() {
        let of = |frames: &[usize]| of(frames.iter().copied());
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 1]), of(&[1, 1, 1]));
        assert_ne!(of(&[1]), of(&[1, 0]));
    }
}
