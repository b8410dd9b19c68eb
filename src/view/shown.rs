//! Values as they may be shown: what is secret has no text in here, only a class that tells whether two are the same.

use std::collections::BTreeMap;

/// What a value is, as far as the reader may know.
#[derive(Clone, PartialEq, Eq)]
pub enum Form {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    /// Lists, sets and tuples.
    List(Vec<Shown>),
    /// Maps and objects.
    Map(BTreeMap<String, Shown>),
    Unknown,
    /// A value that is not shown.
    Secret,
}

/// One value of one side of a change.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    pub form: Form,
    pub sensitive: bool,
    /// Values of one change that are equal have one class; only given where one side of a pair is secret.
    pub class: Option<u32>,
}

impl From<Form> for Shown {
    fn from(form: Form) -> Shown {
        Shown {
            form,
            sensitive: false,
            class: None,
        }
    }
}

impl Shown {
    /// Makes a secret of a class.
    #[must_use]
    pub fn secret(class: u32) -> Shown {
        Shown {
            form: Form::Secret,
            sensitive: true,
            class: Some(class),
        }
    }

    /// Tells whether both are the same value; whether they are sensitive does not count.
    #[must_use]
    pub fn same(&self, other: &Shown) -> bool {
        if let (Some(left), Some(right)) = (self.class, other.class) {
            return left == right;
        }
        match (&self.form, &other.form) {
            (Form::Secret, _) | (_, Form::Secret) | (Form::Unknown, _) | (_, Form::Unknown) => {
                false
            }
            (Form::List(left), Form::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.same(r))
            }
            (Form::Map(left), Form::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|((key, l), (other, r))| key == other && l.same(r))
            }
            (left, right) => left == right,
        }
    }

    /// Returns the elements, when it is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Shown]> {
        match &self.form {
            Form::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the elements by key, when it is a map.
    #[must_use]
    pub fn fields(&self) -> Option<&BTreeMap<String, Shown>> {
        match &self.form {
            Form::Map(fields) => Some(fields),
            _ => None,
        }
    }
}
