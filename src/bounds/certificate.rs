//! A certificate as a value: what it says, and how a posterior gets one.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use softbias_models::{Data, Drawn, EmpiricalRisk, Informed, Loss, MonteCarlo, Sampling};
use softbias_priors::{Ledger, Nats};

use super::refusal::{CertificateError, check_delta, check_rows};
use super::{Bound, PacBayes, Vote};
use crate::Error;

/// Whose risk is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Predictor {
    /// A function drawn anew from the posterior for every prediction.
    Gibbs,
    /// The posterior mean, one fixed function.
    Mean,
    /// The class that more than half of the posterior gives; for Gaussian values the sign of the posterior mean.
    MajorityVote,
    /// The function that a byte string says, one fixed function.
    Decoded,
}

/// A promise about the risk on new data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The bound behind it.
    pub bound: String,
    /// With probability at least 1 − [`Certificate::total_delta`] over the rows, the risk is at most this.
    #[serde(with = "unlimited")]
    pub value: f64,
    /// Whether the promise is empty: not below what guessing reaches.
    pub vacuous: bool,
    /// Whose risk.
    pub predictor: Predictor,
    /// Which loss.
    pub loss: Loss,
    /// The loss that was measured on the rows, where it is another one (a margin).
    pub measured: Option<Loss>,
    /// Mean loss on the rows (of the Gibbs predictor, for a majority vote), or its upper limit where it was estimated by draws.
    pub empirical_risk: f64,
    /// Number of rows.
    pub n: usize,
    /// KL(Q‖P) or code length; 0 for held-out bounds.
    pub information: Nats,
    /// The probability that the bound fails.
    pub delta: f64,
    /// How the risk on the rows was estimated, where it was by draws, and the confidence spent on that.
    pub drawn: Option<Drawn>,
    /// Paid for choices: ln of how many, taken out of δ.
    pub price: Nats,
    /// What the prior (the posterior, for held-out bounds) owed to data.
    pub ledger: Ledger,
    /// How the rows were sampled.
    pub sampling: Sampling,
    /// For a random part of a fixed list: over how many of its rows the certified mean goes, those that were not seen.
    pub population: Option<usize>,
    /// What must hold.
    pub assumptions: Vec<String>,
}

impl Certificate {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        bound: &str,
        assumptions: &[&str],
        value: f64,
        risk: &EmpiricalRisk,
        predictor: Predictor,
        information: Nats,
        delta: f64,
        price: Nats,
        ledger: &Ledger,
        data: &Data,
    ) -> Certificate {
        let always: &[&str] = match risk.drawn {
            None => &["loss fixed before the rows were seen"],
            Some(_) => {
                &["loss fixed before the rows were seen", "posterior fixed before the draws were made"]
            }
        };
        Certificate {
            bound: bound.to_owned(),
            value,
            vacuous: value >= risk.guessing,
            predictor,
            loss: risk.loss,
            measured: None,
            empirical_risk: risk.mean,
            n: risk.n,
            information,
            delta,
            drawn: risk.drawn,
            price,
            ledger: ledger.clone(),
            sampling: data.sampling(),
            population: data.list().map(|list| list.len() - ledger.looked_at_count(list)),
            assumptions: assumptions.iter().chain(always).map(|&text| text.to_owned()).collect(),
        }
    }

    /// The probability that the promise fails: that of the bound, and that of an estimate by draws.
    #[must_use]
    pub fn total_delta(&self) -> f64 {
        self.delta + self.drawn.map_or(0.0, |drawn| drawn.delta)
    }

    /// Writes the certificate as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CertificateError> {
        let refuse = |reason: String| refused(path.as_ref(), reason);
        let text = serde_json::to_string_pretty(self).map_err(|e| refuse(e.to_string()))?;
        std::fs::write(path.as_ref(), text + "\n").map_err(|e| refuse(e.to_string()))
    }

    /// Reads a certificate written by [`Certificate::save`]. What it says is taken as it stands.
    ///
    /// # Errors
    /// When the file cannot be read or holds none.
    pub fn load(path: impl AsRef<Path>) -> Result<Certificate, CertificateError> {
        let refuse = |reason: String| refused(path.as_ref(), reason);
        let text = std::fs::read_to_string(path.as_ref()).map_err(|e| refuse(e.to_string()))?;
        serde_json::from_str(&text).map_err(|e| refuse(format!("no certificate: {e}")))
    }
}

fn refused(path: &Path, reason: String) -> CertificateError {
    CertificateError::File { path: path.display().to_string(), reason }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Certificate {
            value, loss, n, information, empirical_risk, price, ledger, sampling, bound, ..
        } = self;
        let who = match self.predictor {
            Predictor::Gibbs => "a function drawn from the posterior",
            Predictor::Mean => "the posterior mean",
            Predictor::MajorityVote => "the majority vote of the posterior",
            Predictor::Decoded => "the decoded function",
        };
        let over = match self.population {
            None => "on new rows".to_owned(),
            Some(rows) if rows == *n => {
                format!("averaged over the {rows} rows of the list that are left, which are these very rows")
            }
            Some(rows) => format!("averaged over the {rows} rows of the list that were not looked at before"),
        };
        let vacuous = if self.vacuous { " (vacuous: guessing does as well)" } else { "" };
        let shown = (value * 1e4).ceil() / 1e4;
        // (two decimal fractions need not add up to one)
        let confidence = (self.total_delta() * 1e12).round() / 1e12;
        write!(
            f,
            "With probability at least 1 − {confidence} the expected {loss} of {who}, {over}, is at most {shown:.4}{vacuous}. From {n} \
             rows ({sampling}), on which "
        )?;
        match (&self.measured, self.predictor) {
            (Some(measured), _) => write!(f, "the {measured} of a draw is")?,
            (None, Predictor::MajorityVote) => f.write_str("that of a draw is")?,
            (None, _) => f.write_str("it is")?,
        }
        match self.drawn {
            Some(Drawn { draws, average, delta }) => write!(
                f,
                " {average:.4} in the mean of {draws} draws, hence at most {empirical_risk:.4} with probability 1 − {delta}"
            )?,
            None => write!(f, " {empirical_risk:.4}")?,
        }
        write!(f, ", by {bound}; information {information:.2}")?;
        if price.get() > 0.0 {
            write!(f, "; {price:.2} paid for choices")?;
        }
        write!(f, ". Ledger: {ledger}. Assumes: {}.", self.assumptions.join("; "))
    }
}

/// Certificates for posteriors whose information is known.
pub trait Certify: Informed {
    /// Bounds the Gibbs risk by `data`, rows that the prior has not seen (the posterior may have). Choices in the prior's ledger are
    /// paid out of `delta`.
    ///
    /// # Errors
    /// Refuses rows that the prior saw (their inputs included), rows that were not sampled at random, losses that the bound does not
    /// cover, and labels that the loss cannot judge.
    fn certify<B: PacBayes + ?Sized>(
        &self,
        bound: &B,
        loss: Loss,
        data: &Data,
        delta: f64,
    ) -> Result<Certificate, Error> {
        Terms::of(self, loss, data, delta, None)?.certificate(bound, Predictor::Gibbs)
    }

    /// The same with the Gibbs risk on the rows estimated by draws, where no formula gives it: the promise then fails with probability
    /// `delta` + δ′ ([`MonteCarlo::delta`]). Choices in the ledger are paid out of δ′ too. Unlike the bound, the estimate is about *one*
    /// posterior: to pick one among several by their estimates, draw anew for the one picked, or charge the choice.
    ///
    /// # Errors
    /// As [`Certify::certify`], and for losses outside [0, 1].
    fn certify_by_draws<B: PacBayes + ?Sized>(
        &self,
        bound: &B,
        loss: Loss,
        data: &Data,
        delta: f64,
        draws: MonteCarlo,
    ) -> Result<Certificate, Error> {
        Terms::of(self, loss, data, delta, Some(draws))?.certificate(bound, Predictor::Gibbs)
    }

    /// Bounds the risk of the majority vote of the posterior, one fixed classifier. For one function of Gaussian values it is the sign of
    /// their mean; for several classes the class with the largest share of votes, which need not be that of the largest mean.
    ///
    /// # Errors
    /// As [`Certify::certify`].
    fn certify_vote<B: Vote + ?Sized>(
        &self,
        bound: &B,
        loss: Loss,
        data: &Data,
        delta: f64,
    ) -> Result<Certificate, Error> {
        Terms::of(self, loss, data, delta, None)?.certificate(bound, Predictor::MajorityVote)
    }
}

impl<Q: Informed> Certify for Q {}

/// What certificates of one posterior on the same rows share.
pub(super) struct Terms<'a> {
    risk: EmpiricalRisk,
    information: Nats,
    ledger: Ledger,
    data: &'a Data,
    delta: f64,
}

impl<'a> Terms<'a> {
    /// Refuses rows that the prior saw or that were not sampled at random, and a relative entropy that is none.
    pub(super) fn of<Q: Informed + ?Sized>(
        posterior: &Q,
        loss: Loss,
        data: &'a Data,
        delta: f64,
        draws: Option<MonteCarlo>,
    ) -> Result<Terms<'a>, Error> {
        let ledger = posterior.prior_ledger().and(data.ledger());
        let risk = || {
            Ok(match draws {
                None => posterior.risk(loss, data)?,
                Some(draws) => posterior.risk_by_draws(loss, data, draws)?,
            })
        };
        Terms::judged("the prior", ledger, posterior.information(), risk, data, delta)
    }

    /// The refusals first, then the risk.
    pub(super) fn judged(
        who: &'static str,
        ledger: Ledger,
        information: Nats,
        risk: impl FnOnce() -> Result<EmpiricalRisk, Error>,
        data: &'a Data,
        delta: f64,
    ) -> Result<Terms<'a>, Error> {
        check_delta(delta)?;
        check_rows(who, &ledger, data)?;
        // (rounding may leave a relative entropy of nearly nothing below 0)
        if !(information.get().is_finite() && information.get() > -1e-6) {
            return Err(CertificateError::Information(information.get()).into());
        }
        let risk = risk()?;
        if risk.mean.is_nan() {
            return Err(CertificateError::Risk.into());
        }
        // A tail of the binomial is that of independent draws; what is drawn from a list without replacement obeys Chernoff's bounds.
        let errors = risk.errors.filter(|_| data.sampling() == Sampling::Iid);
        Ok(Terms { risk: EmpiricalRisk { errors, ..risk }, information, ledger, data, delta })
    }

    /// The same owing more.
    pub(super) fn charged(self, ledger: &Ledger) -> Terms<'a> {
        Terms { ledger: self.ledger.and(ledger), ..self }
    }

    pub(super) fn risk(&self) -> &EmpiricalRisk {
        &self.risk
    }

    pub(super) fn certificate<B: Bound + ?Sized>(
        &self,
        bound: &B,
        predictor: Predictor,
    ) -> Result<Certificate, Error> {
        let Terms { information, ledger, data, delta, .. } = self;
        let price = ledger.price();
        let risk = &self.risk.paying(price);
        if let Some(reason) = bound.refuses(risk) {
            return Err(CertificateError::Inapplicable { bound: bound.name(), reason }.into());
        }
        let value = bound.value(risk, *information + price, risk.n, *delta);
        let (name, assumptions) = (bound.name(), bound.assumptions());
        let mut certificate = Certificate::new(
            name,
            assumptions,
            value,
            risk,
            predictor,
            *information,
            *delta,
            price,
            ledger,
            data,
        );
        let concerned = bound.concerns(risk.loss);
        if concerned != risk.loss {
            certificate.measured = Some(std::mem::replace(&mut certificate.loss, concerned));
            certificate.vacuous = value >= concerned.guessing(data.outputs());
        }
        Ok(certificate)
    }
}

/// Numbers that may be ∞, which JSON has no word for: as nothing at all.
mod unlimited {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::INFINITY))
    }
}
