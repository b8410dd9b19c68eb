//! How a message proves where it comes from: as <https://www.standardwebhooks.com> says, for which most languages have a
//! library that checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Returns the header `webhook-signature` of a message: `v1,` and the HMAC-SHA256 of `ID.SECONDS.BODY` in base64. A secret
/// that begins with `whsec_` is base64 after that, another one is taken as it is.
#[must_use]
pub fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> String {
    let decoded = secret
        .strip_prefix("whsec_")
        .and_then(|text| BASE64.decode(text).ok());
    let key = Zeroizing::new(decoded.unwrap_or_else(|| secret.as_bytes().to_vec()));
    // Every length of key is accepted.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return String::new();
    };
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn it_is_the_signature_of_the_specification() {
        let found = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(found, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(
            found,
            signature("plain", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{}")
        );
    }
}
