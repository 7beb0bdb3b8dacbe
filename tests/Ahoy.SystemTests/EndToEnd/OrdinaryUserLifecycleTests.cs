namespace Ahoy.SystemTests.EndToEnd;

public sealed class OrdinaryUserLifecycleTests() : LifecycleContract(asRoot: false);
