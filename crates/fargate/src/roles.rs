//! IAM role ARNs: `arn:<partition>:iam::<account>:role/<path><name>`.
//!
//! A definition names up to two. The **execution role** is Fargate's: it pulls the image, writes
//! the logs, reads the secrets. The **task role** is your code's.

use crate::ecr::Partition;

/// The name most accounts give their execution role, after AWS's own walk-through.
pub const EXECUTION_ROLE: &str = "ecsTaskExecutionRole";

/// A well-formed role ARN.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RoleArn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// Twelve digits.
    pub account: &'a str,
    /// Name with its path, e.g. `team/app-task`.
    pub name: &'a str,
}

/// Why a text is not a role ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// It does not begin like an ARN.
    #[error("`{0}` is not an ARN")]
    NotAnArn(String),
    /// An ARN of something else.
    #[error("This is the ARN of another kind of thing: {0}")]
    NotARole(String),
    /// The account is not twelve digits.
    #[error("`{0}` is not an account number of 12 digits")]
    Account(String),
    /// The name breaks IAM's grammar.
    #[error("`{0}` is not a role name: letters, digits and + = , . @ _ -, with / between path parts")]
    Name(String),
}

impl<'a> RoleArn<'a> {
    /// Reads an ARN.
    ///
    /// # Errors
    /// [`RoleError`], with the part at fault.
    pub fn parse(text: &'a str) -> Result<Self, RoleError> {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = *fields.as_slice() else {
            return Err(RoleError::NotAnArn(text.to_owned()));
        };
        let is_partition = partition
            .strip_prefix("aws")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'));
        if !is_partition {
            return Err(RoleError::NotAnArn(text.to_owned()));
        }
        let name = match (service, region, resource.strip_prefix("role/")) {
            ("iam", "", Some(name)) => name,
            ("iam", ..) => return Err(RoleError::NotARole(format!("iam {resource}"))),
            _ => return Err(RoleError::NotARole(service.to_owned())),
        };
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(RoleError::Account(account.to_owned()));
        }
        if name.is_empty() || !name.bytes().all(|b| is_name_byte(b) || b == b'/') {
            return Err(RoleError::Name(name.to_owned()));
        }
        Ok(Self { partition, account, name })
    }
}

/// Whether `text` is a role's name without account and path: 1–64 characters.
#[must_use]
pub fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'=' | b',' | b'.' | b'@' | b'_' | b'-')
}

/// The ARN of [`EXECUTION_ROLE`] in `account`.
#[must_use]
pub fn execution_role(partition: Partition, account: &str) -> String {
    format!("arn:{}:iam::{account}:role/{EXECUTION_ROLE}", partition.arn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_account_and_path_are_read() {
        let arn = "arn:aws-us-gov:iam::111122223333:role/team/app-task";
        let wanted = RoleArn { partition: "aws-us-gov", account: "111122223333", name: "team/app-task" };
        assert_eq!(RoleArn::parse(arn), Ok(wanted));
        let made = execution_role(Partition::China, "111122223333");
        assert_eq!(RoleArn::parse(&made).map(|role| role.partition), Ok("aws-cn"));
    }

    #[test]
    fn everything_else_says_what_it_is() {
        for (text, error) in [
            ("nope", RoleError::NotAnArn("nope".into())),
            (
                "arn:azure:iam::111122223333:role/x",
                RoleError::NotAnArn("arn:azure:iam::111122223333:role/x".into()),
            ),
            ("arn:aws:s3:::bucket", RoleError::NotARole("s3".into())),
            ("arn:aws:iam::111122223333:user/me", RoleError::NotARole("iam user/me".into())),
            ("arn:aws:iam::1111:role/x", RoleError::Account("1111".into())),
            ("arn:aws:iam::111122223333:role/", RoleError::Name(String::new())),
            ("arn:aws:iam::111122223333:role/a b", RoleError::Name("a b".into())),
        ] {
            assert_eq!(RoleArn::parse(text), Err(error), "{text}");
        }
        assert!(is_role_name("app-task"));
        assert!(!is_role_name("a/b") && !is_role_name("") && !is_role_name(&"a".repeat(65)));
    }
}
