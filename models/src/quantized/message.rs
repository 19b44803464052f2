//! A message: the byte string that is a model, and its exact length in bits.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::CodeError;

/// The byte string that a compressed model is.
///
/// The code is a string of bits, no beginning of any other, so that 2^−[`bits`](Message::bits) sums to at most 1 over all of them.
/// Files hold whole bytes: after the code comes one bit 1, then zeros up to the end of the byte. That bit says where the code
/// ends in the file; it is no part of the code, whose decoder knows by itself when it has read enough.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Message {
    code: Vec<bool>,
}

impl Message {
    pub(super) fn new(code: Vec<bool>) -> Message {
        Message { code }
    }

    /// The exact length of the code in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.code.len()
    }

    pub(super) fn code(&self) -> &[bool] {
        &self.code
    }

    /// The bytes, as they stand in a file: ⌊bits/8⌋ + 1 of them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bits = self.code.clone();
        bits.push(true);
        bits.chunks(8)
            .map(|byte| (0..8).fold(0, |sum, k| (sum << 1) | u8::from(byte.get(k) == Some(&true))))
            .collect()
    }

    /// A message from the bytes of a file. Whether it says anything only its decoder can tell.
    ///
    /// # Errors
    /// [`CodeError::Unended`] for no bytes, and for a last byte that is 0.
    pub fn from_bytes(bytes: &[u8]) -> Result<Message, CodeError> {
        let last = bytes.last().ok_or(CodeError::Unended("there are no bytes"))?;
        if *last == 0 {
            return Err(CodeError::Unended("it is 0"));
        }
        let mut code: Vec<bool> =
            bytes.iter().flat_map(|byte| (0..8).rev().map(move |k| (byte >> k) & 1 == 1)).collect();
        code.truncate(8 * bytes.len() - last.trailing_zeros() as usize - 1);
        Ok(Message { code })
    }
}

impl TryFrom<Vec<u8>> for Message {
    type Error = CodeError;
    fn try_from(bytes: Vec<u8>) -> Result<Message, CodeError> {
        Message::from_bytes(&bytes)
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Vec<u8> {
        message.to_bytes()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} bits:", self.bits())?;
        self.to_bytes().iter().take(16).try_for_each(|byte| write!(f, " {byte:02x}"))?;
        f.write_str(if self.bits() >= 128 { " …)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_and_bits() {
        for length in 0..40 {
            let code: Vec<bool> = (0..length).map(|k| k % 3 == 0).collect();
            let message = Message::new(code.clone());
            let bytes = message.to_bytes();
            assert_eq!((message.bits(), bytes.len()), (length, length / 8 + 1));
            assert_eq!(Message::from_bytes(&bytes).unwrap().code, code);
        }
        assert_eq!(Message::new(vec![]).to_bytes(), [0x80]);
        assert_eq!(Message::new(vec![true, false, true]).to_bytes(), [0b1011_0000]);
        assert!(Message::from_bytes(&[]).is_err() && Message::from_bytes(&[7, 0]).is_err());
        let text = serde_json::to_string(&Message::new(vec![true; 9])).unwrap();
        assert_eq!(text, "[255,192]");
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap().bits(), 9);
        assert!(serde_json::from_str::<Message>("[0]").is_err());
    }
}
