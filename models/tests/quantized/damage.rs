//! Strings that are no messages: cut, followed by more, flipped, random, of another prior. Errors with a type, never a panic.

use proptest::prelude::*;
use softbias_models::*;
use softbias_priors::*;

use super::{codebooks, line, posterior, soft};

fn is_code_error(error: &ModelError) -> bool {
    matches!(error, ModelError::Code(CodeError::NotAMessage(_) | CodeError::Unended(_)))
}

/// Every string that decodes is the one message of what it says.
fn decodes_to_itself(prior: &Pathways<Polynomial, Polynomial>, bytes: &[u8]) -> bool {
    let message = match Message::from_bytes(bytes) {
        Ok(message) => message,
        Err(error) => return is_code_error(&error.into()),
    };
    match Quantized::decode(prior.clone(), &message) {
        Ok(model) => model.message() == &message && model.coefficients().iter().all(|w| w.is_finite()),
        Err(error) => is_code_error(&error),
    }
}

#[test]
fn cut_short_or_followed_by_more() {
    let data = line(50, 1);
    let prior = soft(0.3);
    let posterior = posterior(prior.clone(), &data);
    for codebook in codebooks() {
        let message = Quantized::of(&posterior, codebook).unwrap().message().clone();
        let bytes = message.to_bytes();
        let bits: Vec<bool> =
            bytes.iter().flat_map(|b| (0..8).rev().map(move |k| (b >> k) & 1 == 1)).collect();
        let with = |bits: &[bool]| {
            let mut bits = bits.to_vec();
            bits.push(true);
            let byte =
                |part: &[bool]| (0..8).fold(0, |sum, k| (sum << 1) | u8::from(part.get(k) == Some(&true)));
            Message::from_bytes(&bits.chunks(8).map(byte).collect::<Vec<u8>>()).unwrap()
        };
        let code = &bits[..message.bits()];
        assert_eq!(with(code), message);
        // no beginning of a message is one, and no continuation
        for length in 0..code.len() {
            assert!(is_code_error(&Quantized::decode(prior.clone(), &with(&code[..length])).unwrap_err()));
        }
        for more in [&[false][..], &[true], &[false; 40], &[true, false, true]] {
            let longer = [code, more].concat();
            assert!(is_code_error(&Quantized::decode(prior.clone(), &with(&longer)).unwrap_err()));
        }
    }
}

#[test]
fn flipped_bits_never_pass_for_the_same_model() {
    let data = line(50, 2);
    let prior = soft(0.3);
    let posterior = posterior(prior.clone(), &data);
    for codebook in codebooks() {
        let model = Quantized::of(&posterior, codebook).unwrap();
        let bytes = model.message().to_bytes();
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 0x80 >> (bit % 8);
            assert!(decodes_to_itself(&prior, &damaged), "bit {bit}");
        }
    }
}

#[test]
fn a_message_of_another_prior() {
    let data = line(50, 3);
    let message =
        Quantized::of(&posterior(soft(0.3), &data), Codebook::uniform(0.05)).unwrap().message().clone();
    // five weights need fewer bits than 151: what is left over gives it away
    let error = Quantized::decode(Polynomial::orders(0..=4), &message).unwrap_err();
    assert!(error.to_string().contains("another prior"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn random_bytes_are_errors_or_messages(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert!(decodes_to_itself(&soft(0.1), &bytes));
        let small = Polynomial::orders(0..=1).relaxed(Softness::HARD, Polynomial::orders(2..=2));
        prop_assert!(decodes_to_itself(&small, &bytes));
    }
}
