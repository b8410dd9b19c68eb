//! Which elements of two sequences belong together.

/// Beyond this many comparisons the common ends are cut off first.
const MANY: usize = 1_000_000;

/// Pairs two sequences by their longest common subsequence: indices of both, `None` where an element has no partner.
/// Elements that are not the same are paired all the same where `alike` says that their difference is worth showing.
#[must_use]
pub fn align<T>(
    before: &[T],
    after: &[T],
    same: impl Fn(&T, &T) -> bool,
    alike: impl Fn(&T, &T) -> bool,
) -> Vec<(Option<usize>, Option<usize>)> {
    let mut common = common(before, after, &same).into_iter().peekable();
    let mut pairs = Vec::new();
    let (mut left, mut right) = (0, 0);
    loop {
        let next = common.next();
        while left < before.len() && next.is_none_or(|(at, _)| !same(&before[left], &before[at])) {
            let free = |value: &&T| next.is_none_or(|(_, at)| !same(value, &after[at]));
            let partner = after.get(right).filter(free);
            let paired = partner.is_some_and(|partner| alike(&before[left], partner));
            pairs.push((Some(left), paired.then_some(right)));
            left += 1;
            right += usize::from(paired);
        }
        while right < after.len() && next.is_none_or(|(_, at)| !same(&after[right], &after[at])) {
            pairs.push((None, Some(right)));
            right += 1;
        }
        if next.is_none() {
            return pairs;
        }
        pairs.push((Some(left), Some(right)));
        left += 1;
        right += 1;
    }
}

/// Returns the index pairs of a longest common subsequence.
fn common<T>(before: &[T], after: &[T], same: &impl Fn(&T, &T) -> bool) -> Vec<(usize, usize)> {
    if before.len().saturating_mul(after.len()) <= MANY {
        return table_walk(before, after, same);
    }
    let head = before
        .iter()
        .zip(after)
        .take_while(|(l, r)| same(l, r))
        .count();
    let (middle, other) = (&before[head..], &after[head..]);
    let ends = middle.iter().rev().zip(other.iter().rev());
    let tail = ends.take_while(|(l, r)| same(l, r)).count();
    let (left, right) = (middle.len() - tail, other.len() - tail);
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    if left.saturating_mul(right) <= MANY * 16 {
        let inner = table_walk(&middle[..left], &other[..right], same);
        pairs.extend(inner.into_iter().map(|(l, r)| (l + head, r + head)));
    }
    pairs.extend((0..tail).map(|at| (head + left + at, head + right + at)));
    pairs
}

fn table_walk<T>(before: &[T], after: &[T], same: &impl Fn(&T, &T) -> bool) -> Vec<(usize, usize)> {
    let width = before.len() + 1;
    let mut lengths = vec![0_u32; width * (after.len() + 1)];
    for (y, new) in after.iter().enumerate() {
        for (x, old) in before.iter().enumerate() {
            let at = width * (y + 1) + x + 1;
            lengths[at] = if same(old, new) {
                lengths[at - width - 1] + 1
            } else {
                lengths[at - 1].max(lengths[at - width])
            };
        }
    }
    let (mut x, mut y) = (before.len(), after.len());
    let mut pairs = Vec::new();
    while x > 0 && y > 0 {
        if same(&before[x - 1], &after[y - 1]) {
            x -= 1;
            y -= 1;
            pairs.push((x, y));
        } else if lengths[width * y + x - 1] > lengths[width * (y - 1) + x] {
            x -= 1;
        } else {
            y -= 1;
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligning_keeps_what_is_common() {
        let pairs = align(
            &["a", "b", "c", "d"],
            &["b", "d", "e"],
            |l, r| l == r,
            |_, _| false,
        );
        let expected = [
            (Some(0), None),
            (Some(1), Some(0)),
            (Some(2), None),
            (Some(3), Some(1)),
            (None, Some(2)),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn aligning_long_sequences_cuts_the_ends() {
        let before: Vec<usize> = (0..3000).collect();
        let mut after = before.clone();
        after[1500] = 9999;
        let pairs = align(&before, &after, |l, r| l == r, |_, _| false);
        assert_eq!(pairs.len(), 3001);
        assert_eq!(pairs[1500], (Some(1500), None));
        assert_eq!(pairs[1501], (None, Some(1500)));
    }
}
