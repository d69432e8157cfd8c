//! Fields that are decoded by themselves.

use billing::money::Money;
use billing::price::Quantity;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::skipped::Skipped;

/// A field that is decoded by itself, so that an invalid value affects no other field.
#[derive(Default)]
pub(crate) enum Field<T> {
    /// The field is missing or `null`.
    #[default]
    Unknown,
    /// The decoded value.
    Known(T),
    /// The error of an invalid value.
    Invalid(String),
}

impl<T> Field<T> {
    /// Returns the value if it is valid. Counts an invalid one, which is the field `name`.
    pub(super) fn get(self, name: &str, skipped: &mut Skipped) -> Option<T> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => Some(value),
            Self::Invalid(error) => {
                skipped.fields.add(|| format!("{name}: {error}"));
                None
            }
        }
    }

    /// Returns the value if it is valid.
    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::Invalid(_) => None,
        }
    }

    /// Returns the value of the field `name` that the row requires.
    pub(super) fn require(self, name: &str) -> Result<T, String> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown => Err(format!("{name}: missing or null")),
            Self::Invalid(error) => Err(format!("{name}: {error}")),
        }
    }

    /// Returns the value of a list. Counts it if it is missing or `null`, since that does not mean
    /// empty.
    pub(super) fn get_list(self, name: &str, skipped: &mut Skipped) -> Option<T> {
        if matches!(self, Self::Unknown) {
            skipped
                .fields
                .add(|| format!("{name}: missing or null list"));
        }
        self.get(name, skipped)
    }

    /// Converts a valid value.
    pub(super) fn and_then<U>(self, convert: impl FnOnce(T) -> Result<U, String>) -> Field<U> {
        match self {
            Self::Unknown => Field::Unknown,
            Self::Known(value) => convert(value).map_or_else(Field::Invalid, Field::Known),
            Self::Invalid(error) => Field::Invalid(error),
        }
    }
}

impl Field<String> {
    /// Parses a valid value as a time.
    pub(super) fn time(self) -> Field<Timestamp> {
        self.and_then(|text| {
            let time = text.trim().parse::<Timestamp>();
            time.map_err(|error| error.to_string())
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Scans the value without decoding it, so that even a number beyond `f64` is accepted.
        let value = <&RawValue>::deserialize(deserializer)?;
        Ok(match serde_json::from_str(value.get()) {
            Ok(Some(value)) => Self::Known(value),
            Ok(None) => Self::Unknown,
            Err(error) => Self::Invalid(error.to_string()),
        })
    }
}

/// An integer, written as `1` or as `1.0`.
pub(super) struct Integer(pub(super) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = |f: f64| (f.fract() == 0.0 && f.abs() < 2_f64.powi(53)).then_some(f as i64);
        let value = number.as_i64().or_else(|| whole(number.as_f64()?));
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} is not an integer in range")))
    }
}

/// An amount in cents: an integer in a team's invoice, a float in that of a personal account.
pub(super) struct Cents(pub(super) Money);

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let money = match number.as_i64() {
            Some(cents) => Money::from_cents(cents),
            None => number.as_f64().and_then(Money::from_fractional_cents),
        };
        money
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} cents are out of range")))
    }
}

/// Dyno units or credits.
pub(super) struct Units(pub(super) f64);

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = f64::deserialize(deserializer)?;
        if units.abs() <= Quantity::MAX_UNITS {
            Ok(Self(units))
        } else {
            Err(D::Error::custom(format!("{units} units are out of range")))
        }
    }
}

/// A number of things or hours that has no price. Every integer up to its limit is a float.
pub(super) struct Count(pub(super) f64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = f64::deserialize(deserializer)?;
        if count.abs() <= 2_f64.powi(53) {
            Ok(Self(count))
        } else {
            Err(D::Error::custom(format!("{count} is out of range")))
        }
    }
}
