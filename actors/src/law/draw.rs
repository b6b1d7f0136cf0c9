//! Draws lengths from laws.

use std::convert::Infallible;
use std::time::Duration;

use opensrf::ids::Seed;
use rand::TryRng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::length::LONGEST;
use super::{Kind, Law};

impl Law {
    /// The next length, at most a thousand years.
    pub fn draw(&self, seed: &mut Seed) -> Duration {
        match &self.0 {
            Kind::Constant(length) => *length,
            Kind::Uniform { least, most } => {
                *least + (*most - *least).mul_f64(seed.next_fraction())
            }
            Kind::Exponential { mean } => {
                let times: f64 = Exp1.sample(&mut Chance(seed));
                length(mean.as_secs_f64() * times)
            }
            Kind::LogNormal { mu, sigma, .. } => {
                let normal: f64 = StandardNormal.sample(&mut Chance(seed));
                length(libm::exp(mu + sigma * normal))
            }
            Kind::Pareto { mean, shape } => {
                let least = mean.as_secs_f64() * (shape - 1.0) / shape;
                let above_zero = 1.0 - seed.next_fraction();
                length(least * libm::pow(above_zero, -1.0 / shape))
            }
            Kind::Empirical(sample) => {
                let place = seed.next_fraction() * sample.lengths.len() as f64;
                let length = sample.lengths.get(place as usize);
                *length.expect("a fraction is below 1, and no sample is empty")
            }
        }
    }
}

/// So many seconds; what is too long is as long as can be.
pub(super) fn length(seconds: f64) -> Duration {
    let length = Duration::try_from_secs_f64(seconds);
    length.map_or(LONGEST, |length| length.min(LONGEST))
}

/// Our source of chance as `rand` wants it.
struct Chance<'a>(&'a mut Seed);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // The upper half is as good as any.
        Ok((self.0.next_u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            let value = self.0.next_u64().to_le_bytes();
            part.iter_mut()
                .zip(value)
                .for_each(|(byte, new)| *byte = new);
        }
        Ok(())
    }
}
