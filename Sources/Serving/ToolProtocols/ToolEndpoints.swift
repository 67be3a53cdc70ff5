public import Endpoints
public import Workbench

/// The protocols of other tools, sharing one workbench.
public struct ToolEndpoints: Sendable {
  public let endpoints: [Endpoint]

  /// Pictures on other servers are fetched only from `allowedHosts`; `words` finds objects if there
  /// is a detector.
  public init(
    _ workbench: Workbench, allowedHosts: [String] = [], words: WordFinder? = nil
  ) {
    let words = words ?? WordFinder(workbench, nil)
    let remote = RemotePictures(hosts: allowedHosts, byteLimit: workbench.limits.pictureBytes)
    endpoints =
      LabelStudioEndpoints(workbench, remote: remote).endpoints
      + XAnyLabelingEndpoints(workbench, words).endpoints + SAMAPIEndpoints(workbench).endpoints
  }
}
