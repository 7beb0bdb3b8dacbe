namespace Ahoy.SystemTests.EndToEnd;

public sealed class OrdinaryUserJobsTests(OrdinaryUserSystem system) : JobsContract(system), IClassFixture<OrdinaryUserSystem>;
