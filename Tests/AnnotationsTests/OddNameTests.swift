import Annotations
import Bytes
import JSON
import Media
import Testing

@Suite("Formats with names that are not plain")
struct OddNameTests {
  private func picture(_ name: String) -> AnnotatedPicture {
    AnnotatedPicture(name: name, stem: "x", index: 0, width: 4, height: 3, masks: [])
  }

  @Test(
    "YOLO: any class is one line of YAML",
    arguments: [
      ("dog", "dog"), ("it's", "it's"), ("a: b # c", "a: b # c"), ("my \"hi\"", "my \\\"hi\\\""),
      ("back\\slash", "back\\\\slash"), ("two\nlines", "two\\u000alines"), ("Hündin 犬", "Hündin 犬"),
      ("\u{7F}\u{85}", "\\u007f\\u0085"), ("", ""),
    ])
  func yaml(name: String, quoted: String) throws {
    var context = AnnotationContext()
    context.category = name
    let files = try YOLOSegments(context: context).files(ofAll: [])
    let lines = String(decoding: files[0].bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.contains("  0: \"\(quoted)\""), "\(lines)")
    // A path would be looked up from the reader's working folder.
    #expect(!lines.contains { $0.hasPrefix("path") })
  }

  @Test(
    "Label Studio: names are encoded where they are part of an address",
    arguments: [
      ("/data/local-files/?d=", "a b#1.jpg", "/data/local-files/?d=a%20b%231.jpg"),
      ("https://host/p/", "ä+&%.png", "https://host/p/%C3%A4%2B%26%25.png"),
      ("", "a b#1.jpg", "a b#1.jpg"), ("pictures/", "a b.jpg", "pictures/a b.jpg"),
    ])
  func addresses(prefix: String, name: String, address: String) throws {
    var context = AnnotationContext()
    context.imagePrefix = prefix
    let files = try LabelStudioBrush(context: context).files(ofAll: [picture(name)])
    let json = try JSONValue(parsing: files[0].bytes)
    #expect(json[0]?["data"]?["image"]?.string == address)
  }
}
