public import ArgumentParser
public import SAM2Jobs

extension ShardRequest: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
