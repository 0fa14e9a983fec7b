//! Faults by their name and fields, as a scenario file or another language gives them.

use std::time::Duration;

use super::{ALL, Fault, Injection, OrderFault, Quirk};
use crate::error::Error;

/// The fields a named fault may have. What a fault does not use must not be given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultFields {
    /// The kind of message struck; `all` if not given.
    pub kind: Option<String>,
    /// A delay, pause or interval in seconds.
    pub seconds: Option<f64>,
    /// The code of a notice or refusal.
    pub code: Option<i32>,
    /// The text of a refusal.
    pub message: Option<String>,
    /// The most an order fills.
    pub quantity: Option<f64>,
    /// How much lower an id is told.
    pub by: Option<i32>,
    /// How fast a client is read.
    pub bytes_per_second: Option<u32>,
    /// The client struck; every client if not given.
    pub client: Option<i32>,
    /// How often it strikes; always if not given.
    pub count: Option<u32>,
    /// With what probability it strikes; 1 if not given.
    pub probability: Option<f64>,
}

impl Injection {
    /// The fault of this name, such as `Delay` or `CodeStorm`.
    ///
    /// # Errors
    /// An unknown name, a field that is missing, not this fault's or out of its range.
    pub fn named(name: &str, mut fields: FaultFields) -> Result<Self, Error> {
        let fault = fault(name, &mut fields)?;
        let injection = Self {
            fault,
            client: fields.client.take(),
            count: fields.count.take(),
            probability: fields.probability.take().unwrap_or(1.0),
        };
        if fields != FaultFields::default() {
            return Err(Error::BadFault(format!("{name} has a field it does not use")));
        }
        injection.check()?;
        Ok(injection)
    }
}

/// The fault; what it uses is taken out of the fields.
fn fault(name: &str, fields: &mut FaultFields) -> Result<Fault, Error> {
    let lacks = |field: &str| Error::BadFault(format!("{name} needs {field}"));
    let kind = |fields: &mut FaultFields| fields.kind.take().unwrap_or_else(|| ALL.to_owned());
    let seconds = |fields: &mut FaultFields| {
        let seconds = fields.seconds.take().ok_or_else(|| lacks("seconds"))?;
        Duration::try_from_secs_f64(seconds).map_err(|_| Error::BadNumber("seconds"))
    };
    Ok(match name {
        "Mute" => Fault::Mute(kind(fields)),
        "Delay" => Fault::Delay(kind(fields), seconds(fields)?),
        "Stall" => Fault::Stall(kind(fields), seconds(fields)?),
        "Drop" => Fault::Drop(kind(fields)),
        "Duplicate" => Fault::Duplicate(kind(fields)),
        "Reorder" => Fault::Reorder(kind(fields)),
        "Truncate" => Fault::Truncate(kind(fields)),
        "Split" => Fault::Split(kind(fields)),
        "Reset" => Fault::Reset(kind(fields)),
        "HalfOpen" => Fault::HalfOpen(kind(fields)),
        "BadLength" => Fault::BadLength(kind(fields)),
        "Garbage" => Fault::Garbage(kind(fields)),
        "CodeStorm" => {
            let code = fields.code.take().ok_or_else(|| lacks("code"))?;
            Fault::CodeStorm(code, seconds(fields)?)
        }
        "RejectOrder" => {
            let message = fields.message.take().unwrap_or_else(|| REJECTED.to_owned());
            Fault::RejectOrder(fields.code.take().unwrap_or(201), message)
        }
        "PartialFill" => {
            Fault::PartialFill(fields.quantity.take().ok_or_else(|| lacks("quantity"))?)
        }
        "LateFill" => Fault::LateFill,
        "IdRollback" => Fault::IdRollback(fields.by.take().ok_or_else(|| lacks("by"))?),
        "ClientIdHeld" => Fault::ClientIdHeld,
        "LateDrain" => Fault::LateDrain(seconds(fields)?),
        "SlowReader" => {
            let rate = fields.bytes_per_second.take();
            Fault::SlowReader(rate.ok_or_else(|| lacks("bytes_per_second"))?)
        }
        _ => {
            if let Some(quirk) = Quirk::named(name, || seconds(fields)) {
                return Ok(Fault::Quirk(quirk?));
            }
            let fault = OrderFault::named(name, fields)?;
            let unknown = || Error::BadFault(format!("no fault is called {name:?}"));
            Fault::Order(fault.ok_or_else(unknown)?)
        }
    })
}

const REJECTED: &str = "Order rejected - reason: mock gateway";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_a_fault_is_made_of_its_name_and_fields() {
        let fields = FaultFields {
            kind: Some("place_order".into()),
            seconds: Some(0.5),
            client: Some(7),
            ..FaultFields::default()
        };

        let injection = Injection::named("Delay", fields).unwrap();

        let delay = Fault::Delay("place_order".into(), Duration::from_millis(500));
        assert_eq!(injection, Injection::from(delay).for_client(7));
    }

    #[test]
    fn test_names_and_fields_that_do_not_fit_are_refused() {
        let seconds = |seconds| FaultFields { seconds: Some(seconds), ..FaultFields::default() };
        let cases = [
            ("Nope", FaultFields::default()),
            ("Delay", FaultFields::default()),
            ("Delay", seconds(-1.0)),
            ("Mute", seconds(1.0)),
            ("LateFarms", FaultFields::default()),
            ("OldLast", seconds(1.0)),
            ("CodeStorm", seconds(1.0)),
        ];

        for (name, fields) in cases {
            assert!(Injection::named(name, fields.clone()).is_err(), "{name} {fields:?}");
        }
    }
}
