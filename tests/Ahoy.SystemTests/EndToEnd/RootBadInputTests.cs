namespace Ahoy.SystemTests.EndToEnd;

public sealed class RootBadInputTests(RootSystem system) : BadInputContract(system), IClassFixture<RootSystem>;
