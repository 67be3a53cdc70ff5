public import Endpoints
public import Workbench

/// The protocols of other tools, over one workbench.
public struct ToolEndpoints: Sendable {
  public let endpoints: [Endpoint]

  /// Pictures on other servers are fetched from `allowedHosts` only; `words` find objects where there is
  /// a detector.
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
