//! What a template is given, without the values: which fields there are, and what stands in a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

/// The shape of a value. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nobody knows.
    Any,
    /// Nothing, so far: the value was missing, or the list empty.
    Nothing,
    /// A text, a number, yes or no.
    Plain,
    /// Fields with names.
    Fields(Arc<BTreeMap<String, Shape>>),
    /// A list; what stands in it.
    List(Arc<Shape>),
}

impl Shape {
    /// The shape of one value.
    pub(super) fn of(value: &Value) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Nothing,
            ValueKind::Map => {
                let keys = value.try_iter().into_iter().flatten();
                let field = |key: Value| Some((key.as_str()?.to_owned(), Self::of(&value.get_item(&key).ok()?)));
                Self::Fields(Arc::new(keys.filter_map(field).collect()))
            }
            ValueKind::Seq => {
                let items = value.try_iter().into_iter().flatten();
                let inside = items.map(|item| Self::of(&item)).fold(Self::Nothing, Self::or);
                Self::List(Arc::new(inside))
            }
            _ => Self::Plain,
        }
    }

    /// What fits either.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, shape) | (shape, Self::Nothing) => shape,
            (Self::Plain, Self::Plain) => Self::Plain,
            (Self::Fields(a), Self::Fields(b)) => {
                let mut fields = Arc::unwrap_or_clone(a);
                for (name, shape) in Arc::unwrap_or_clone(b) {
                    let known = fields.remove(&name).unwrap_or(Self::Nothing);
                    fields.insert(name, known.or(shape));
                }
                Self::Fields(Arc::new(fields))
            }
            (Self::List(a), Self::List(b)) => Self::List(Arc::new(Arc::unwrap_or_clone(a).or(Arc::unwrap_or_clone(b)))),
            _ => Self::Any,
        }
    }

    /// What stands in it, if it is a list.
    pub(super) fn inside(&self) -> Self {
        match self {
            Self::List(inside) => (**inside).clone(),
            _ => Self::Any,
        }
    }
}
