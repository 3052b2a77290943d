//! `http.url`.

use super::site::Site;

#[test]
fn an_address_is_its_path_decoded_and_its_query_as_it_came() {
    let site = Site::new();
    assert_eq!(site.says("return url.parse '/a%20b+c?x=%41&y'"), "/a b c x=%41&y");
    assert_eq!(site.says("return select('#', url.parse '/'), url.parse '/'"), "2 / ");
    assert_eq!(site.says("return url.parse '/a?b?c'"), "/a b?c");
}

#[test]
fn a_query_is_a_table_in_which_a_repeated_name_has_a_list() {
    let site = Site::new();
    let said = site.says(
        "local q = url.parse_query 'a=1&b=x%20y+z&c=&b2=a=b&a=2&a=3&none'
        return table.concat(q.a, ','), q.b, q.c, q.b2, q.none",
    );
    assert_eq!(said, "1,2,3 x y z  a=b nil");
}

#[test]
fn what_cannot_be_decoded_stays_as_it_is() {
    assert_eq!(Site::new().says("return url.parse_query('a=%zz%4').a"), "%zz%4");
}
