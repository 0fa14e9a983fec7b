//! Option values after Black, Scholes and Merton, without dividends: price, greeks and the volatility
//! a price implies. Pure functions of doubles, as prices here are models and not money.

use super::instrument::Right;

/// What a value depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Inputs {
    pub(crate) right: Right,
    /// Price of the underlying.
    pub(crate) underlying: f64,
    pub(crate) strike: f64,
    /// Years to expiry.
    pub(crate) years: f64,
    /// Interest a year, as a fraction.
    pub(crate) rate: f64,
}

/// A value and how it moves; `vega` is per point of volatility, `theta` per day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Greeks {
    pub(crate) price: f64,
    pub(crate) delta: f64,
    pub(crate) gamma: f64,
    pub(crate) vega: f64,
    pub(crate) theta: f64,
}

const DAYS_A_YEAR: f64 = 365.0;

/// The value at a volatility, a fraction a year. `None` where the model has no answer.
pub(crate) fn value(inputs: Inputs, volatility: f64) -> Option<Greeks> {
    let Inputs { right, underlying: s, strike: k, years: t, rate } = inputs;
    if !(s > 0.0 && k > 0.0 && t > 0.0 && volatility > 0.0) {
        return None;
    }
    let root = volatility * t.sqrt();
    let d1 = ((s / k).ln() + (rate + volatility * volatility / 2.0) * t) / root;
    let d2 = d1 - root;
    let discounted = k * (-rate * t).exp();
    let sign = sign(right);
    let decay = -s * density(d1) * volatility / (2.0 * t.sqrt());
    Some(Greeks {
        price: sign * (s * normal(sign * d1) - discounted * normal(sign * d2)),
        delta: sign * normal(sign * d1),
        gamma: density(d1) / (s * root),
        vega: s * density(d1) * t.sqrt() / 100.0,
        theta: (decay - sign * rate * discounted * normal(sign * d2)) / DAYS_A_YEAR,
    })
}

/// The volatility that gives a price, found by halving. `None` for a price no volatility gives.
pub(crate) fn implied_volatility(inputs: Inputs, price: f64) -> Option<f64> {
    const STEPS: usize = 80;
    let (mut low, mut high) = (1e-4, 10.0);
    let at = |volatility| value(inputs, volatility).map(|greeks| greeks.price);
    if !(at(low)? < price && price < at(high)?) {
        return None;
    }
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if at(middle)? < price { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

const fn sign(right: Right) -> f64 {
    match right {
        Right::Call => 1.0,
        Right::Put => -1.0,
    }
}

fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

/// The normal distribution, after West: a continued fraction in the tails, rational near zero; right
/// to fourteen places.
fn normal(x: f64) -> f64 {
    let distance = x.abs();
    let tail = if distance > 37.0 {
        0.0
    } else if distance < SPLIT {
        let above = horner(distance, &ABOVE);
        let below = horner(distance, &BELOW);
        (-distance * distance / 2.0).exp() * above / below
    } else {
        let fraction = (1..=4).rev().fold(distance + 0.65, |sum, n| distance + f64::from(n) / sum);
        density(distance) / fraction
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

const SPLIT: f64 = 7.071_067_811_865_475;

const ABOVE: [f64; 7] = [
    3.526_249_659_989_11e-2,
    0.700_383_064_443_688,
    6.373_962_203_531_65,
    33.912_866_078_383,
    112.079_291_497_871,
    221.213_596_169_931,
    220.206_867_912_376,
];

const BELOW: [f64; 8] = [
    8.838_834_764_831_84e-2,
    1.755_667_163_182_64,
    16.064_177_579_207,
    86.780_732_202_946_1,
    296.564_248_779_674,
    637.333_633_378_831,
    793.826_512_519_948,
    440.413_735_824_752,
];

fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Inputs =
        Inputs { right: Right::Call, underlying: 100.0, strike: 100.0, years: 1.0, rate: 0.05 };

    #[test]
    fn test_values_of_the_textbook() {
        let call = value(CALL, 0.2).unwrap();
        let put = value(Inputs { right: Right::Put, ..CALL }, 0.2).unwrap();

        let shown = [call.price, call.delta, call.gamma, call.vega, put.price, put.delta];
        let expected = [10.450_584, 0.636_831, 0.018_762, 0.375_240, 5.573_526, -0.363_169];
        for (shown, expected) in shown.iter().zip(expected) {
            assert!((shown - expected).abs() < 1e-6, "{shown} is not {expected}");
        }
        assert!((call.theta * DAYS_A_YEAR + 6.414_028).abs() < 1e-5, "{}", call.theta);
    }

    #[test]
    fn test_a_price_gives_its_volatility_back() {
        for right in [Right::Call, Right::Put] {
            for strike in [80.0, 100.0, 130.0] {
                let inputs = Inputs { right, strike, years: 0.3, ..CALL };

                let price = value(inputs, 0.35).unwrap().price;

                let found = implied_volatility(inputs, price).unwrap();
                assert!((found - 0.35).abs() < 1e-9, "{inputs:?}: {found}");
            }
        }
    }

    #[test]
    fn test_what_no_volatility_gives_has_no_answer() {
        assert_eq!(implied_volatility(CALL, 0.5), None);
        assert_eq!(implied_volatility(CALL, 101.0), None);
        assert_eq!(value(Inputs { years: 0.0, ..CALL }, 0.2), None);
    }
}
