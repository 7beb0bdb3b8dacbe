namespace Ahoy.SystemTests.Runtimes;

public sealed class RuncRuntimeTests() : ContainerRuntimeContract("runc");
