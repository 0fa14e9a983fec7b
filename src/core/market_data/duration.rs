//! The durations IB accepts for historical data.

use crate::error::{Error, Result};

/// Refuses a duration IB would refuse: `N S`, `N D`, `N W`, `N M`, `N Y` with a whole N above 0,
/// and no more than 86400 seconds.
pub(crate) fn check(duration: &str) -> Result<()> {
    let refused = |why: &str| {
        Err(Error::config(format!(
            "duration {duration:?} {why}: give a whole number above 0, a blank and one of S, D, \
             W, M, Y, such as \"2 D\""
        )))
    };
    let Some((count, unit)) = duration.split_once(' ') else {
        return refused("has no unit");
    };
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("does not begin with a whole number");
    }
    let Ok(count) = count.parse::<i32>() else { return refused("is too long") };
    match unit {
        _ if count == 0 => refused("is empty"),
        "S" if count > 86_400 => refused("exceeds 86400 seconds, ask for days instead"),
        "S" | "D" | "W" | "M" | "Y" => Ok(()),
        _ => refused("has an unknown unit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_durations_ib_accepts_pass() {
        for good in ["1 D", "86400 S", "2 W", "12 M", "1 Y", "30 D"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "1",
            "D",
            "0 D",
            "-1 D",
            "1.5 D",
            "1 d",
            "1  D",
            "1 D ",
            "86401 S",
            "1 H",
            "99999999999 D",
            "NaN D",
            "+1 D",
        ];
        for bad in bad {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
