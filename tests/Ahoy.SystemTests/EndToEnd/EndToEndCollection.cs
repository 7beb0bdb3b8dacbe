namespace Ahoy.SystemTests.EndToEnd;

/// <summary>These tests start masters, agents and containers: one after another, so that their time limits mean something.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "end to end";
}
