use super::*;

#[test]
fn the_table_is_sorted_and_its_rows_are_apart() {
    for pair in TABLE.windows(2) {
        assert!(pair[0].name <= pair[1].name, "{}", pair[1].name);
    }
    for (i, a) in TABLE.iter().enumerate() {
        for b in TABLE[i + 1..].iter().take_while(|b| b.name == a.name) {
            let apart = a.contexts & b.contexts == 0;
            assert!(apart, "{} twice in one context", a.name);
        }
    }
}
