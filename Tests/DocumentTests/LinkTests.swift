import TestSupport
import Testing

/// Links, paths and lengths of the documents.
@Suite struct LinkTests {
  @Test(arguments: Repository.documents) func linksLeadSomewhere(document: String) throws {
    for link in try links(in: document) where !link.contains("://") {
      let parts = link.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
      let target = parts[0].isEmpty ? document : resolved(parts[0], from: document)
      #expect(Repository.exists(target), "\(document) links to \(link)")
      if parts.count == 2, Repository.exists(target) {
        #expect(try anchors(of: target).contains(parts[1]), "\(document) links to \(link)")
      }
    }
  }

  /// Paths in backquotes that begin with a folder of the repository, as those of the guides.
  @Test(arguments: Repository.documents) func pathsExist(document: String) throws {
    let folders = ["Sources/", "Tests/", "Formats/", "Scripts/"]
    for code in try Repository.text(document).split(separator: "`") {
      guard folders.contains(where: code.hasPrefix), !code.contains("\n") else { continue }
      let path = String(code.prefix { !" \\".contains($0) })
      // Patterns and places to fill in are not paths.
      if path.contains(where: { "*…<{".contains($0) }) || path.contains("NAME") { continue }
      #expect(Repository.exists(path), "\(document) names \(path)")
    }
  }

  @Test func theReadmeIsShort() throws {
    let lines = try Repository.text("README.md").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 171)
  }

  @Test(arguments: ["Formats", "Scripts", "Sources", "Tests"])
  func everyFolderHasAnIndex(folder: String) throws {
    #expect(try links(in: "README.md").contains("\(folder)/README.md"))
    #expect(Repository.exists("\(folder)/README.md"))
  }

  @Test(arguments: ["Formats", "Scripts"]) func theIndexNamesEveryFile(folder: String) throws {
    let index = try Repository.text("\(folder)/README.md")
    for name in folderNames("\(Repository.root)/\(folder)")
    where name.contains(".") && name != "README.md" && !name.hasPrefix(".") {
      #expect(index.contains(name), "\(folder)/README.md does not name \(name)")
    }
  }

  // MARK: - Markdown

  private func links(in document: String) throws -> [String] {
    let parts = try Repository.text(document).split(separator: "](").dropFirst()
    return parts.compactMap { part in
      let link = part.prefix { $0 != ")" && $0 != "\n" }
      return link.endIndex < part.endIndex && part[link.endIndex] == ")" ? String(link) : nil
    }
  }

  /// The path that a link in `document` leads to, below the root of the repository.
  private func resolved(_ link: String, from document: String) -> String {
    var folders = document.split(separator: "/").dropLast().map(String.init)
    for part in link.split(separator: "/").map(String.init) {
      if part == ".." { _ = folders.popLast() } else if part != "." { folders.append(part) }
    }
    return folders.joined(separator: "/")
  }

  /// Anchors of the headings, as repository hosts derive them.
  private func anchors(of document: String) throws -> Set<String> {
    let headings = try Repository.text(document).split(separator: "\n").filter {
      $0.hasPrefix("#") && $0.drop { $0 == "#" }.hasPrefix(" ")
    }
    return Set(
      headings.map { heading in
        let title = heading.drop { $0 == "#" }.dropFirst().lowercased()
        return String(
          title.compactMap { character in
            if character == " " { return "-" }
            return character.isLetter || character.isNumber || "-_".contains(character)
              ? character : nil
          })
      })
  }
}
