namespace Ahoy.SystemTests.Runtimes;

public sealed class CrunRuntimeTests() : ContainerRuntimeContract("crun");
