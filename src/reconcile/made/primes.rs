//! RSA keys: two large primes by chance. Who signs with them, ring, looks once more whether they fit together.

use super::der::{integer, sequence};
use dashu_int::UBig;
use dashu_int::fast_div::ConstDivisor;
use dashu_int::ops::{BitTest, ExtendedGcd, Gcd};
use zeroize::Zeroizing;

/// How often a candidate is tried with a base by chance (Miller and Rabin): a wrong prime is less likely than 2^-128.
const ROUNDS: usize = 64;
const EXPONENT: u32 = 65_537;

/// Makes a private key of so many bits, in DER by PKCS #1.
pub(super) fn rsa(bits: usize) -> Zeroizing<Vec<u8>> {
    let exponent = UBig::from(EXPONENT);
    loop {
        let (one, other) = (prime(bits / 2, &exponent), prime(bits / 2, &exponent));
        if one == other {
            continue;
        }
        let (large, small) = if one > other {
            (one, other)
        } else {
            (other, one)
        };
        if let Some(key) = encoded(&large, &small, &exponent) {
            return key;
        }
    }
}

fn encoded(large: &UBig, small: &UBig, exponent: &UBig) -> Option<Zeroizing<Vec<u8>>> {
    let modulus = large * small;
    let (below_large, below_small) = (large - UBig::ONE, small - UBig::ONE);
    let common = (&below_large).gcd(&below_small);
    let order = &below_large * &below_small / common;
    let private = inverse(exponent, &order)?;
    let parts = [
        UBig::ZERO,
        modulus,
        exponent.clone(),
        private.clone(),
        large.clone(),
        small.clone(),
        &private % &below_large,
        &private % &below_small,
        inverse(small, large)?,
    ];
    let parts: Vec<Zeroizing<Vec<u8>>> = parts
        .iter()
        .map(|part| Zeroizing::new(integer(&part.to_be_bytes())))
        .collect();
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
    Some(sequence(&parts).into())
}

/// Returns what times `number` is 1, modulo `modulus`.
fn inverse(number: &UBig, modulus: &UBig) -> Option<UBig> {
    let (common, factor, _) = number.clone().gcd_ext(modulus.clone());
    if common != UBig::ONE {
        return None;
    }
    let modulus = dashu_int::IBig::from(modulus.clone());
    let positive = ((factor % &modulus) + &modulus) % &modulus;
    UBig::try_from(positive).ok()
}

/// Returns a prime of exactly so many bits, its two highest set, that fits the exponent.
fn prime(bits: usize, exponent: &UBig) -> UBig {
    loop {
        let mut candidate = random(bits);
        for bit in [0, bits - 1, bits - 2] {
            candidate.set_bit(bit);
        }
        if has_small_factor(&candidate) || !is_prime(&candidate) {
            continue;
        }
        if (&candidate - UBig::ONE).gcd(exponent) == UBig::ONE {
            return candidate;
        }
    }
}

fn random(bits: usize) -> UBig {
    let mut bytes = Zeroizing::new(vec![0_u8; bits.div_ceil(8)]);
    rand::fill(&mut bytes[..]);
    UBig::from_be_bytes(&bytes) % (UBig::ONE << bits)
}

fn has_small_factor(candidate: &UBig) -> bool {
    let odd = (3_u32..2000).step_by(2);
    let mut primes = odd.filter(|one| {
        (3..)
            .step_by(2)
            .take_while(|by| by * by <= *one)
            .all(|by| one % by != 0)
    });
    primes.any(|prime| candidate % prime == 0)
}

fn is_prime(candidate: &UBig) -> bool {
    let below = candidate - UBig::ONE;
    let twos = below.trailing_zeros().unwrap_or(0);
    let odd = &below >> twos;
    let ring = ConstDivisor::new(candidate.clone());
    let (one, minus) = (ring.reduce(UBig::ONE), ring.reduce(below.clone()));
    (0..ROUNDS).all(|_| {
        let base = random(candidate.bit_len() - 1) + UBig::from(2_u8);
        let mut power = ring.reduce(base).pow(&odd);
        if power == one || power == minus {
            return true;
        }
        (1..twos).any(|_| {
            power = power.sqr();
            power == minus
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_told_from_others() {
        let number = |text: &str| UBig::from_str_radix(text, 10).unwrap();
        for prime in [
            "65537",
            "1000000007",
            "170141183460469231731687303715884105727",
        ] {
            assert!(is_prime(&number(prime)), "{prime}");
        }
        // A Carmichael number, a square of a prime, a product of two primes.
        for other in ["561", "4295098369", "1000000016000000063"] {
            assert!(!is_prime(&number(other)), "{other}");
        }
    }

    #[test]
    fn an_inverse_times_its_number_is_one() {
        let (number, modulus) = (UBig::from(17_u8), UBig::from(3120_u16));
        assert_eq!(inverse(&number, &modulus), Some(UBig::from(2753_u16)));
        assert_eq!(inverse(&UBig::from(6_u8), &UBig::from(9_u8)), None);
    }
}
