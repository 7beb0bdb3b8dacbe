namespace Ahoy.SystemTests.EndToEnd;

public sealed class RootJobsTests(RootSystem system) : JobsContract(system), IClassFixture<RootSystem>;
