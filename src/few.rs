//! A map and a set of what mostly is one thing at a time.
//!
//! Nearly all clients have one request open, or none. One entry stands in the map or set itself, which
//! finds it without a hash and needs no memory elsewhere: of ten thousand clients no processor's cache
//! holds that. Of many entries there is a hash table or a tree.

use std::collections::BTreeSet;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Up to so many entries are looked at one after the other.
const FEW: usize = 8;

/// A map, best at one entry. Its keys must be nobody's choice but ours: the hash is not safe from
/// others.
#[derive(Debug)]
pub struct Few<K, V>(Form<K, V>);

#[derive(Debug)]
enum Form<K, V> {
    Few(SmallVec<[(K, V); 1]>),
    Many(FxHashMap<K, V>),
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Form::Few(SmallVec::new()))
    }
}

impl<K: Eq + Hash, V> Few<K, V> {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        match &self.0 {
            Form::Few(few) => few.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            Form::Many(many) => many.get(key),
        }
    }

    /// The value of `key`, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.0 {
            Form::Few(few) => few.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
            Form::Many(many) => many.get_mut(key),
        }
    }

    /// Adds a value, in place of one that `key` has already.
    pub fn insert(&mut self, key: K, value: V) {
        if let Some(there) = self.get_mut(&key) {
            *there = value;
            return;
        }
        if let Form::Few(few) = &mut self.0
            && few.len() == FEW
        {
            self.0 = Form::Many(few.drain(..).collect());
        }
        match &mut self.0 {
            Form::Few(few) => few.push((key, value)),
            Form::Many(many) => drop(many.insert(key, value)),
        }
    }

    /// Takes out the value of `key`. The last one that is taken out takes all memory along.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        match &mut self.0 {
            Form::Few(few) => {
                let at = few.iter().position(|(k, _)| k == key)?;
                let (_, value) = few.swap_remove(at);
                if few.is_empty() && few.spilled() {
                    *self = Self::default();
                }
                Some(value)
            }
            Form::Many(many) => {
                let value = many.remove(key)?;
                if many.is_empty() {
                    *self = Self::default();
                }
                Some(value)
            }
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Few(few) => few.len(),
            Form::Many(many) => many.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All entries, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match &self.0 {
            Form::Few(few) => (Some(few), None),
            Form::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten().map(|(k, v)| (k, v));
        few.chain(many.into_iter().flatten())
    }

    /// Takes all entries out, in no order that means anything.
    pub fn take(&mut self) -> Vec<(K, V)> {
        match std::mem::take(self).0 {
            Form::Few(few) => few.into_vec(),
            Form::Many(many) => many.into_iter().collect(),
        }
    }
}

/// A set in order, best at one entry.
#[derive(Debug)]
pub struct FewInOrder<T>(Order<T>);

#[derive(Debug)]
enum Order<T> {
    Few(SmallVec<[T; 1]>),
    Many(BTreeSet<T>),
}

impl<T> Default for FewInOrder<T> {
    fn default() -> Self {
        Self(Order::Few(SmallVec::new()))
    }
}

impl<T: Ord> FewInOrder<T> {
    /// Adds an entry, unless it is there.
    pub fn insert(&mut self, entry: T) {
        if let Order::Few(few) = &mut self.0
            && few.len() == FEW
        {
            self.0 = Order::Many(few.drain(..).collect());
        }
        match &mut self.0 {
            Order::Few(few) => {
                if let Err(place) = few.binary_search(&entry) {
                    few.insert(place, entry);
                }
            }
            Order::Many(many) => drop(many.insert(entry)),
        }
    }

    /// Takes out an entry, if it is there. The last one that is taken out takes all memory along.
    pub fn remove(&mut self, entry: &T) {
        match &mut self.0 {
            Order::Few(few) => {
                if let Ok(place) = few.binary_search(entry) {
                    few.remove(place);
                }
                if few.is_empty() && few.spilled() {
                    *self = Self::default();
                }
            }
            Order::Many(many) => {
                many.remove(entry);
                if many.is_empty() {
                    *self = Self::default();
                }
            }
        }
    }

    /// The first entry.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        match &self.0 {
            Order::Few(few) => few.first(),
            Order::Many(many) => many.first(),
        }
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (few, many) = match &self.0 {
            Order::Few(few) => (Some(few), None),
            Order::Many(many) => (None, Some(many)),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_order(steps in prop::collection::vec((0_u8..20, any::<bool>()), 0..200)) {
            let (mut few, mut model) = (FewInOrder::default(), BTreeSet::new());
            for (entry, comes) in steps {
                match comes {
                    true => {
                        few.insert(entry);
                        model.insert(entry);
                    }
                    false => {
                        few.remove(&entry);
                        model.remove(&entry);
                    }
                }
                prop_assert_eq!(few.first(), model.first());
                prop_assert!(few.iter().eq(&model));
            }
        }

        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0_u8..20, any::<Option<u16>>()), 0..200)) {
            let (mut few, mut model) = (Few::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        few.insert(key, value);
                        model.insert(key, value);
                    }
                    None => prop_assert_eq!(few.remove(&key), model.remove(&key)),
                }
                prop_assert_eq!(few.get(&key), model.get(&key));
                prop_assert_eq!(few.get_mut(&key), model.get_mut(&key));
                prop_assert_eq!(few.len(), model.len());
                prop_assert_eq!(few.is_empty(), model.is_empty());
                prop_assert_eq!(few.iter().collect::<BTreeMap<_, _>>(), model.iter().collect());
            }
            prop_assert_eq!(few.take().into_iter().collect::<BTreeMap<_, _>>(), model);
            prop_assert!(few.is_empty());
        }
    }
}
