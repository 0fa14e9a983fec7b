//! Algorithms orders can name, and the attributes each of them knows. The exchange fills such an order
//! as it would without the algorithm; only the words are checked.

use super::refusal::Refusal;

const ALGORITHMS: [(&str, &[&str]); 7] = [
    ("Adaptive", &["adaptivePriority"]),
    (
        "Vwap",
        &[
            "maxPctVol",
            "startTime",
            "endTime",
            "allowPastEndTime",
            "noTakeLiq",
            "speedUp",
            "conditionalPrice",
        ],
    ),
    ("Twap", &["strategyType", "startTime", "endTime", "allowPastEndTime", "conditionalPrice"]),
    (
        "ArrivalPx",
        &[
            "maxPctVol",
            "riskAversion",
            "startTime",
            "endTime",
            "allowPastEndTime",
            "forceCompletion",
            "conditionalPrice",
        ],
    ),
    ("DarkIce", &["displaySize", "startTime", "endTime", "allowPastEndTime", "conditionalPrice"]),
    ("PctVol", &["pctVol", "startTime", "endTime", "noTakeLiq", "conditionalPrice"]),
    (
        "AD",
        &[
            "componentSize",
            "timeBetweenOrders",
            "randomizeTime20",
            "randomizeSize55",
            "giveUp",
            "catchUp",
            "waitForFill",
            "activeTimeStart",
            "activeTimeEnd",
        ],
    ),
];

/// An attribute its algorithm does not know is refused by its name (O33). Algorithms that are not
/// listed here take any.
pub(crate) fn check_algorithm<'a>(
    strategy: &str,
    mut attributes: impl Iterator<Item = &'a String>,
) -> Result<(), Refusal> {
    let known = ALGORITHMS.iter().find(|(name, _)| *name == strategy);
    let Some((_, known)) = known else { return Ok(()) };
    match attributes.find(|attribute| !known.contains(&attribute.as_str())) {
        None => Ok(()),
        Some(attribute) => Err(Refusal::new(
            441,
            format!("Algo attributes validation failed: attribute {attribute} is not known"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_an_attribute_nobody_knows_is_named() {
        let cases = [
            ("", "anything", true),
            ("Adaptive", "adaptivePriority", true),
            ("Twap", "strategyType", true),
            ("Twap", "maxPctVol", false),
            ("Unlisted", "anything", true),
        ];

        for (strategy, attribute, expected) in cases {
            let checked = check_algorithm(strategy, [attribute.to_owned()].iter());
            assert_eq!(checked.is_ok(), expected, "{strategy} {attribute}");
        }
    }
}
