//! The document under judgement, with comfortable access.

use crate::{Context, Pointer, ecr::ImageUri};
use serde_json::Value;

/// What a rule judges.
pub struct Subject<'a> {
    /// The document.
    pub root: Node<'a>,
    /// The container definitions that are objects, in order.
    pub containers: Vec<Node<'a>>,
    /// What else is known.
    pub context: &'a Context<'a>,
    ecr_image: Option<ImageUri>,
}

impl<'a> Subject<'a> {
    /// Looks at a document.
    pub(crate) fn new(document: &'a Value, context: &'a Context<'a>) -> Self {
        let root = Node { value: document, at: Pointer::root() };
        let containers = root.objects("containerDefinitions");
        let ecr_image = containers.iter().find_map(Node::ecr_image);
        Self { root, containers, context, ecr_image }
    }

    /// Whether the operating system family is one of Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.root
            .get("runtimePlatform")
            .and_then(|platform| platform.text("operatingSystemFamily"))
            .is_some_and(|family| family.starts_with("WINDOWS"))
    }

    /// The first image in a private ECR repository, which decides account, Region and partition.
    #[must_use]
    pub fn ecr_image(&self) -> Option<&ImageUri> {
        self.ecr_image.as_ref()
    }

    /// The container of that name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Node<'a>> {
        self.containers.iter().find(|container| container.text("name") == Some(name))
    }

    /// `family`, or `app` while there is none.
    #[must_use]
    pub fn family(&self) -> &'a str {
        self.root.text("family").filter(|family| !family.is_empty()).unwrap_or("app")
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// The value.
    pub value: &'a Value,
    /// Its place.
    pub at: Pointer,
}

impl<'a> Node<'a> {
    /// The member `name`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| Self { value, at: self.at.key(name) })
    }

    /// Whether there is such a member, of any type.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    /// Whether there is such a member and it says something: not null, false, empty or zero-length.
    #[must_use]
    pub fn says(&self, name: &str) -> bool {
        match self.value.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(members)) => !members.is_empty(),
            Some(_) => true,
        }
    }

    /// The place of a member, there or not.
    #[must_use]
    pub fn place(&self, name: &str) -> Pointer {
        self.at.key(name)
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// A member that is a whole number. One beyond i64 reads as i64::MAX: out of every range.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        let value = self.value.get(name)?;
        value.as_i64().or_else(|| value.is_u64().then_some(i64::MAX))
    }

    /// A member that is a boolean.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value.get(name).and_then(Value::as_bool)
    }

    /// The items of a member that is a list.
    #[must_use]
    pub fn items(&self, name: &str) -> Vec<Self> {
        let at = self.at.key(name);
        let items = self.value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().map(|(index, value)| Self { value, at: at.index(index) }).collect()
    }

    /// The items of a member that is a list, as far as they are objects.
    #[must_use]
    pub fn objects(&self, name: &str) -> Vec<Self> {
        self.items(name).into_iter().filter(|item| item.value.is_object()).collect()
    }

    /// The items of a member that is a list, as far as they are strings.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        let items = self.value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).collect()
    }

    /// `name` of a container, or the word "container" while it has none.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.text("name").filter(|name| !name.is_empty()).unwrap_or("container")
    }

    /// The image of a container, when it is in a private ECR repository.
    #[must_use]
    pub fn ecr_image(&self) -> Option<ImageUri> {
        self.text("image").and_then(|image| ImageUri::parse(image).ok())
    }

    /// Whether a container is essential, which it is unless it says otherwise.
    #[must_use]
    pub fn is_essential(&self) -> bool {
        self.flag("essential").unwrap_or(true)
    }
}
