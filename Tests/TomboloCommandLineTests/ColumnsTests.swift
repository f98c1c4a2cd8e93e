import Testing

@testable import TomboloProgram

@Suite("Columns")
struct ColumnsTests {
  @Test("Each column is as wide as its widest cell, and no line ends in blanks")
  func aligned() {
    let rows = [["ID", "KIND", "KEY"], ["1", "orders.create", ""], ["22", "x", "user/7"]]
    #expect(
      Columns.text(rows) == """
        ID  KIND           KEY
        1   orders.create
        22  x              user/7
        """)
  }

  @Test("Rows of different lengths stand under one another")
  func ragged() {
    #expect(Columns.text([["a"], ["bb", "c"]]) == "a\nbb  c")
    #expect(Columns.text([]) == "")
  }
}
