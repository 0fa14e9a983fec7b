//! The XML an advisor's groups and aliases travel in. Pure text in and out; only the elements that are
//! documented are looked at, whatever stands between them.

use rust_decimal::Decimal;

use crate::exchange::advisor::Group;
use crate::exchange::number::text;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Groups by name, as they are sent.
pub(super) fn groups<'a>(all: impl Iterator<Item = (&'a String, &'a Group)>) -> String {
    let rows: String = all.map(|(name, group)| group_row(name, group)).collect();
    format!("{HEAD}<ListOfGroups>\n{rows}</ListOfGroups>\n")
}

fn group_row(name: &str, group: &Group) -> String {
    let account = |(account, share): &(String, Decimal)| {
        format!(
            "   <Account>\n    <acct>{account}</acct>\n    <amount>{}</amount>\n   </Account>\n",
            text(*share)
        )
    };
    let accounts: String = group.shares.iter().map(account).collect();
    let (name, method) = (escaped(name), escaped(&group.method));
    format!(
        " <Group>\n  <name>{name}</name>\n  <defaultMethod>{method}</defaultMethod>\n  \
         <ListOfAccts varName=\"list\">\n{accounts}  </ListOfAccts>\n </Group>\n"
    )
}

/// Accounts with the names people gave them, as they are sent.
pub(super) fn aliases<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let row = |(account, alias): (&str, &str)| {
        let alias = escaped(alias);
        format!(
            " <AccountAlias>\n  <account>{account}</account>\n  <alias>{alias}</alias>\n \
             </AccountAlias>\n"
        )
    };
    let rows: String = all.map(row).collect();
    format!("{HEAD}<ListOfAccountAliases>\n{rows}</ListOfAccountAliases>\n")
}

/// The groups a text holds. An account may stand alone or with its amount. `None` for what is no list
/// of groups, or has one without a name.
pub(super) fn read_groups(xml: &str) -> Option<Vec<(String, Group)>> {
    let list = elements(xml, "ListOfGroups").next()?;
    elements(list, "Group").map(read_group).collect()
}

fn read_group(group: &str) -> Option<(String, Group)> {
    let name = value(group, "name").filter(|name| !name.is_empty())?;
    let method = value(group, "defaultMethod").unwrap_or_default();
    let list = elements(group, "ListOfAccts").next().unwrap_or_default();
    let with_amount = elements(list, "Account").map(|account| {
        let amount = value(account, "amount").unwrap_or_else(|| "1".to_owned());
        Some((value(account, "acct")?, amount.trim().parse().ok()?))
    });
    let alone = elements(list, "String").map(|account| Some((unescaped(account), Decimal::ONE)));
    let shares = with_amount.chain(alone).collect::<Option<Vec<_>>>()?;
    Some((name, Group { method, shares }))
}

/// Account and alias of each row; `None` for what is no list of aliases.
pub(super) fn read_aliases(xml: &str) -> Option<Vec<(String, String)>> {
    let list = elements(xml, "ListOfAccountAliases").next()?;
    let row = |row| Some((value(row, "account")?, value(row, "alias")?));
    elements(list, "AccountAlias").map(row).collect()
}

fn value(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).next().map(|text| unescaped(text.trim()))
}

/// What stands inside each element of this name, in order. An element that does not end is not there.
fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        loop {
            let (_, after) = rest.split_once(&open)?;
            let (attributes, inside) = after.split_once('>')?;
            rest = inside;
            // Another name may begin with this one.
            if !(attributes.is_empty() || attributes.starts_with(char::is_whitespace)) {
                continue;
            }
            let (element, after) = inside.split_once(&close)?;
            rest = after;
            return Some(element);
        }
    })
}

const ENTITIES: [(&str, &str); 5] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];

fn escaped(text: &str) -> String {
    let replace = |text: String, (entity, plain): &(&str, &str)| text.replace(plain, entity);
    ENTITIES.iter().rev().fold(text.to_owned(), replace)
}

fn unescaped(text: &str) -> String {
    let replace = |text: String, (entity, plain): &(&str, &str)| text.replace(entity, plain);
    ENTITIES.iter().fold(text.to_owned(), replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_groups_come_back_from_what_is_sent() {
        let shares =
            vec![("DU1".to_owned(), Decimal::new(15, 1)), ("DU2".to_owned(), Decimal::ONE)];
        let group = Group { method: "Ratio".into(), shares };
        let name = "A & <B>".to_owned();

        let xml = groups([(&name, &group)].into_iter());

        assert_eq!(read_groups(&xml), Some(vec![(name, group)]));
    }

    #[test]
    fn test_texts_of_other_writers_are_read_or_refused() {
        let old = "<ListOfGroups><Group><name>x</name><ListOfAccts varName=\"list\"><String>DU1\
                   </String></ListOfAccts><defaultMethod>NetLiq</defaultMethod></Group></ListOfGroups>";
        let group = Group { method: "NetLiq".into(), shares: vec![("DU1".into(), Decimal::ONE)] };
        let cases = [
            (old, Some(vec![("x".to_owned(), group)])),
            ("<ListOfGroups></ListOfGroups>", Some(vec![])),
            ("<ListOfGroups><Group></Group></ListOfGroups>", None),
            ("<ListOfGroups><Group><name>x</name>", None),
            ("", None),
        ];

        for (xml, expected) in cases {
            assert_eq!(read_groups(xml), expected, "{xml}");
        }
    }

    #[test]
    fn test_aliases_come_back_from_what_is_sent() {
        let xml = aliases([("DU1", "mum & dad")].into_iter());

        assert_eq!(read_aliases(&xml), Some(vec![("DU1".to_owned(), "mum & dad".to_owned())]));
    }
}
