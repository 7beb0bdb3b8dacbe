namespace Ahoy.Testing;

/// <summary>Makes a missing component a failure where all must be there (AHOY_TEST_REQUIRE_ALL=1, as in CI). Called before Assert.SkipUnless.</summary>
public static class Require
{
    public static void That(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("AHOY_TEST_REQUIRE_ALL") == "1")
            throw new InvalidOperationException($"Required in this run, but: {reason}");
    }
}
