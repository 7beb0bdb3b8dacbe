namespace Ahoy.SystemTests.EndToEnd;

public sealed class OrdinaryUserTutorialTests() : TutorialContract(asRoot: false);
