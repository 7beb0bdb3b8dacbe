namespace Ahoy.SystemTests.EndToEnd;

public sealed class OrdinaryUserBadInputTests(OrdinaryUserSystem system) : BadInputContract(system), IClassFixture<OrdinaryUserSystem>;
