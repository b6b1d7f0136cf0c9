//! What a drone or a session keeps for its methods: values by their type.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::guard::discard;

type Value = Arc<dyn Any + Send + Sync>;

/// Values by their type, one of each.
#[derive(Default)]
pub struct Kept(Mutex<BTreeMap<TypeId, Value>>);

impl Kept {
    /// Keeps `value` in place of one of the same type, and gives a handle to it.
    pub fn keep<T: Send + Sync + 'static>(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let kept: Value = Arc::<T>::clone(&value);
        // Dropped when the lock is free again: it may look for others.
        let _former = self.values().insert(TypeId::of::<T>(), kept);
        value
    }

    /// The value of this type, if one is kept.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.values().get(&TypeId::of::<T>()).cloned()?;
        value.downcast().ok()
    }

    /// The value of this type; `make` makes it if none is kept.
    pub fn get_or_keep<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.get().unwrap_or_else(|| self.keep(make()))
    }

    fn values(&self) -> std::sync::MutexGuard<'_, BTreeMap<TypeId, Value>> {
        // Nothing that can panic happens under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let values = std::mem::take(&mut *self.values());
        values.into_values().for_each(discard);
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} values)", self.values().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_by_type() {
        let kept = Kept::default();
        assert_eq!(kept.get::<u8>(), None);
        kept.keep(7_u8);
        kept.keep(String::from("x"));
        assert_eq!(kept.get::<u8>().as_deref(), Some(&7));
        assert_eq!(*kept.get_or_keep(|| 9_u8), 7);
        kept.keep(8_u8);
        assert_eq!(kept.get::<u8>().as_deref(), Some(&8));
        assert_eq!(
            kept.get::<String>().as_deref().map(String::as_str),
            Some("x")
        );
    }
}
