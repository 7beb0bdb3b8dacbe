namespace Ahoy.SystemTests.EndToEnd;

public sealed class RootTutorialTests() : TutorialContract(asRoot: true);
