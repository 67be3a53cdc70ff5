import Bytes
import JSON
import Testing

@Suite("Integers as other programs write them")
struct WholeNumberTests {
  @Test(
    "An integer may have a fraction of 0",
    arguments: [
      ("1", 1), ("1.0", 1), ("-2.0", -2), ("1e2", 100), ("1.5", nil), ("1e300", nil),
      ("\"1\"", nil),
      ("true", nil), ("null", nil), ("9007199254740993", 9_007_199_254_740_993),
    ] as [(String, Int?)])
  func value(text: String, expected: Int?) throws {
    #expect(try JSONValue(parsing: text).wholeNumber == expected)
  }

  @Test("Messages name the element at fault, and what it is")
  func messages() throws {
    let json = try JSONValue(
      parsing: "{\"a\": [1, 2.0, 2.5], \"b\": [1, \"x\"], \"c\": 7, \"d\": [1.0], \"e\": 1.5}")
    func message(_ body: () throws -> some Any) -> String? {
      do {
        _ = try body()
        return nil
      } catch let failure as Failure {
        return failure.message
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message { try json.requiredWholeNumbers("a") }
        == "\"a\" must be an array of integers; element 2 is 2.5")
    #expect(
      message { try json.requiredInts("b") }
        == "\"b\" must be an array of integers; element 1 is \"x\"")
    #expect(message { try json.requiredInts("c") } == "\"c\" must be an array, not 7")
    #expect(message { try json.requiredInt("e") } == "\"e\" must be an integer, not 1.5")
    #expect(try json.requiredWholeNumbers("d") == [1])
    #expect(message { try json.requiredInts("d") }?.contains("element 0") == true)
  }
}
