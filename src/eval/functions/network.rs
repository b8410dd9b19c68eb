//! Functions over networks such as `10.0.0.0/8`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::call::{Call, FunctionError, gives_bool, gives_text, gives_texts, texts};
use super::function::{Function, number, text};
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "cidrcontains",
        "Tells whether an address or network lies within a network.",
        r#"cidrcontains("10.0.0.0/8", "10.1.2.3")"#,
        &[text("containing_prefix"), text("contained_ip_or_prefix")],
        gives_bool,
        cidrcontains,
    ),
    Function::new(
        "cidrhost",
        "Returns the address of a host within a network; a negative number counts from the end.",
        r#"cidrhost("10.12.112.0/20", 16)"#,
        &[text("prefix"), number("hostnum")],
        gives_text,
        cidrhost,
    ),
    Function::new(
        "cidrnetmask",
        "Returns the netmask of an IPv4 network.",
        r#"cidrnetmask("172.16.0.0/12")"#,
        &[text("prefix")],
        gives_text,
        cidrnetmask,
    ),
    Function::new(
        "cidrsubnet",
        "Returns a network within a network.",
        r#"cidrsubnet("172.16.0.0/12", 4, 2)"#,
        &[text("prefix"), number("newbits"), number("netnum")],
        gives_text,
        cidrsubnet,
    ),
    Function::new(
        "cidrsubnets",
        "Returns consecutive networks within a network.",
        r#"cidrsubnets("10.1.0.0/16", 4, 4, 8)"#,
        &[text("prefix")],
        gives_texts,
        cidrsubnets,
    )
    .variadic(number("newbits")),
];

type Outcome = Result<Value, FunctionError>;

/// An address of either family, as a number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Address {
    number: u128,
    /// 32 or 128.
    bits: u32,
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.number) {
            Ok(number) if self.bits == 32 => Ipv4Addr::from(number).fmt(out),
            _ => Ipv6Addr::from(self.number).fmt(out),
        }
    }
}

impl Address {
    fn parse(text: &str) -> Option<Address> {
        if text.contains(':') {
            let address: Ipv6Addr = text.parse().ok()?;
            return Some(Address {
                number: address.into(),
                bits: 128,
            });
        }
        // Zeros before an octet are decimal here, while Rust's own parser refuses them.
        let octets = text.split('.').map(|octet| {
            let digits = (1..=3).contains(&octet.trim_start_matches('0').len().max(1))
                && octet.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| octet.parse::<u8>().ok()).flatten()
        });
        let octets: [u8; 4] = octets.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
        Some(Address {
            number: u32::from_be_bytes(octets).into(),
            bits: 32,
        })
    }
}

/// A network: its first address and how many bits it fixes.
#[derive(Clone, Copy)]
struct Network {
    first: Address,
    prefix: u32,
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.first, self.prefix)
    }
}

/// All bits below one, 0 to 128 of them.
fn ones(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/')?;
        let address = Address::parse(address)?;
        let plain = !prefix.is_empty() && prefix.bytes().all(|digit| digit.is_ascii_digit());
        let prefix: u32 = plain.then(|| prefix.parse().ok()).flatten()?;
        let hosts = ones(address.bits.checked_sub(prefix)?);
        Some(Network {
            first: Address {
                number: address.number & !hosts,
                ..address
            },
            prefix,
        })
    }

    /// The greatest number of a host in it.
    fn hosts(self) -> u128 {
        ones(self.first.bits - self.prefix)
    }

    fn address(self, host: u128) -> Address {
        Address {
            number: self.first.number | host,
            ..self.first
        }
    }

    fn contains(self, address: Address) -> bool {
        address.number & !self.hosts() == self.first.number
    }
}

fn network(call: &Call<'_>) -> Result<Network, FunctionError> {
    Network::parse(call.text(0)).ok_or_else(|| {
        FunctionError::at(
            0,
            format!(
                "{} is no network such as `10.0.0.0/8`",
                call.shown(call.text(0))
            ),
        )
    })
}

/// Returns a whole number without its sign, and whether it is negative.
fn whole(call: &Call<'_>, at: usize) -> Result<(u128, bool), FunctionError> {
    let number = call.number(at);
    let magnitude = number
        .is_integer()
        .then(|| number.abs().to_string().parse().ok())
        .flatten();
    let magnitude = magnitude.ok_or_else(|| FunctionError::at(at, "a whole number is required"))?;
    Ok((magnitude, number.is_negative()))
}

fn cidrhost(call: &Call<'_>) -> Outcome {
    let network = network(call)?;
    let (number, negative) = whole(call, 1)?;
    let host = if negative {
        network.hosts().checked_sub(number - 1)
    } else {
        Some(number)
    };
    let host = host
        .filter(|host| *host <= network.hosts())
        .ok_or_else(|| {
            FunctionError::at(
                1,
                format!(
                    "a prefix of {} bits has no host numbered {}",
                    network.prefix,
                    call.number(1)
                ),
            )
        })?;
    Ok(Value::from(network.address(host).to_string()))
}

fn cidrnetmask(call: &Call<'_>) -> Outcome {
    let network = network(call)?;
    if network.first.bits != 32 {
        return Err(FunctionError::at(0, "an IPv6 network has no netmask"));
    }
    let mask = Address {
        number: ones(32) & !network.hosts(),
        bits: 32,
    };
    Ok(Value::from(mask.to_string()))
}

fn cidrsubnet(call: &Call<'_>) -> Outcome {
    let network = network(call)?;
    let new_bits = call
        .number(1)
        .as_usize()
        .and_then(|bits| u32::try_from(bits).ok());
    let new_bits =
        new_bits.ok_or_else(|| FunctionError::at(1, "a whole number of bits is required"))?;
    let prefix = network
        .prefix
        .checked_add(new_bits)
        .filter(|prefix| *prefix <= network.first.bits);
    let prefix = prefix.ok_or_else(|| {
        FunctionError::at(
            1,
            format!(
                "a prefix of {} bits cannot be extended by {new_bits}",
                network.prefix
            ),
        )
    })?;
    let (number, negative) = whole(call, 2)?;
    if negative || number > ones(new_bits) {
        let number = call.number(2);
        return Err(FunctionError::at(
            2,
            format!("{new_bits} more bits have no network numbered {number}"),
        ));
    }
    let first = network.address(number.checked_shl(network.first.bits - prefix).unwrap_or(0));
    Ok(Value::from(Network { first, prefix }.to_string()))
}

fn cidrsubnets(call: &Call<'_>) -> Outcome {
    let network = network(call)?;
    let mut names = Vec::new();
    // `None` once the last address of the whole space is taken.
    let mut free = Some(network.first.number);
    for at in 1..call.arguments.len() {
        let prefix =
            extended(network, call.number(at)).map_err(|message| FunctionError::at(at, message))?;
        let hosts = ones(network.first.bits - prefix);
        let start = free
            .and_then(|free| free.checked_add(hosts))
            .map(|end| end & !hosts);
        let first = start
            .map(|number| Address {
                number,
                ..network.first
            })
            .filter(|first| network.contains(*first));
        let first = first.ok_or_else(|| {
            FunctionError::at(
                at,
                format!("there is not enough space left for a prefix of {prefix} bits"),
            )
        })?;
        free = (first.number | hosts).checked_add(1);
        names.push(Network { first, prefix }.to_string());
    }
    Ok(texts(names.iter().map(String::as_str)))
}

fn extended(network: Network, bits: &Number) -> Result<u32, String> {
    let bits = bits
        .as_usize()
        .and_then(|bits| u32::try_from(bits).ok())
        .filter(|bits| *bits > 0);
    let bits = bits.ok_or("the prefix must be extended by at least one bit")?;
    let prefix = network.prefix.saturating_add(bits);
    if prefix > network.first.bits {
        return Err(format!(
            "a prefix of {prefix} bits is too long for the address"
        ));
    }
    Ok(prefix)
}

fn cidrcontains(call: &Call<'_>) -> Outcome {
    let outer = network(call)?;
    let address = Address::parse(call.text(1)).map(|first| Network {
        first,
        prefix: first.bits,
    });
    let inner = address
        .or_else(|| Network::parse(call.text(1)))
        .ok_or_else(|| {
            FunctionError::at(
                1,
                format!("{} is no address and no network", call.shown(call.text(1))),
            )
        })?;
    if outer.first.bits != inner.first.bits {
        return Err(FunctionError::at(1, "one is IPv4, the other IPv6"));
    }
    let last = inner.address(inner.hosts());
    Ok(Value::from(
        outer.contains(inner.first) && outer.contains(last),
    ))
}
