namespace Ahoy.Testing;

public static class Require
{
    /// <summary>Fails where all components must be there (AHOY_TEST_REQUIRE_ALL=1); elsewhere the test is to skip with the same reason.</summary>
    public static void That(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("AHOY_TEST_REQUIRE_ALL") == "1")
            throw new InvalidOperationException($"Required in this run, but: {reason}");
    }
}
