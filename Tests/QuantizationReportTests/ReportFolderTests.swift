import Bytes
import Glibc
import TestSupport
import Testing

@testable import QuantizationReport

/// Reports appear whole, and nobody else's files are removed.
struct ReportFolderTests {
  private func write(
    in folder: String, _ name: String = "report", replacing: Bool = false
  ) throws {
    let report = try QuantizationReport(Sample.content.get())
    try ReportFolder("\(folder)/\(name)", replaceExisting: replacing).write(report)
  }

  private func put(_ text: String, _ path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  @Test func writesBothFilesAndNothingElse() throws {
    try withTemporaryFolder { folder in
      try write(in: folder, "report/")
      #expect(folderNames(folder) == ["report"])
      #expect(folderNames("\(folder)/report") == ["index.html", "report.json"])
      let report = try QuantizationReport(Sample.content.get())
      let isSame = fileBytes("\(folder)/report/index.html") == Array(report.html.utf8)
      #expect(isSame)
    }
  }

  @Test func replacesReportsOnlyAndOnlyWhenAsked() throws {
    try withTemporaryFolder { folder in
      mkdir("\(folder)/report", 0o700)
      try write(in: folder)
      #expect(throws: Failure(.cannotCreate, code: "output.exists", "")) { try write(in: folder) }
      put("old", "\(folder)/report/index.html")
      try write(in: folder, replacing: true)
      #expect(folderNames(folder) == ["report"])
      #expect((fileBytes("\(folder)/report/index.html") ?? []).count > 1000)
      put("mine", "\(folder)/report/notes.txt")
      #expect(throws: Failure(.cannotCreate, code: "output.exists", "")) {
        try write(in: folder, replacing: true)
      }
      #expect(
        folderNames("\(folder)/report") == ["index.html", "notes.txt", "report.json"])
    }
  }

  /// Files that appear between the check and the writing are safe as well.
  @Test func whatCameMeanwhileStays() throws {
    try withTemporaryFolder { folder in
      let report = try QuantizationReport(Sample.content.get())
      let place = try ReportFolder("\(folder)/report", replaceExisting: true)
      mkdir("\(folder)/report", 0o700)
      put("mine", "\(folder)/report/notes.txt")
      #expect(throws: Failure(.cannotCreate, code: "output.exists", "")) {
        try place.write(report)
      }
      #expect(folderNames(folder) == ["report"])
      #expect(folderNames("\(folder)/report") == ["notes.txt"])
    }
  }

  @Test func placesThatCannotHoldAFolder() throws {
    try withTemporaryFolder { folder in
      put("text", "\(folder)/file")
      symlink("nowhere", "\(folder)/link")
      for name in ["file", "link", "file/report", "missing/report"] {
        #expect(throws: Failure(.cannotCreate, code: "output.folder", ""), "\(name)") {
          try ReportFolder("\(folder)/\(name)", replaceExisting: true)
        }
      }
      #expect(folderNames(folder) == ["file", "link"])
    }
  }
}
