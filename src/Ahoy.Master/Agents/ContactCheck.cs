using Ahoy.Contracts;
using Ahoy.Contracts.Agents;

namespace Ahoy.Master.Agents;

/// <summary>Bounds on what an agent can say. Agents run on other people's hosts: what they send is stored and shown to every user.</summary>
internal static class ContactCheck
{
    private const int MaxAttempts = 10_000;
    private const int MaxText = 2048;
    private const int MaxLabels = 100;
    private const int MaxAllowed = 1000;

    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static void Check(ContactRequest request)
    {
        if (request.Held.Count > MaxAttempts || request.Reports.Count > MaxAttempts)
            throw Invalid($"more than {MaxAttempts} attempts or reports in one contact");
        var capabilities = request.Capabilities;
        if (capabilities.Cpus < 0 || capabilities.MemoryBytes < 0 || capabilities.MaxWallTimeSeconds < 0)
            throw Invalid("a negative number of cpus, bytes or seconds");
        if (capabilities.Labels.Count > MaxLabels)
            throw Invalid($"more than {MaxLabels} labels");
        if (capabilities.AllowedUsers.Count > MaxAllowed || capabilities.AllowedImages.Count > MaxAllowed)
            throw Invalid($"more than {MaxAllowed} allowed users or images");
        string?[] texts = [request.Session, request.DrainingReason, capabilities.Runtime, capabilities.Enforcement, capabilities.Version, .. capabilities.Labels.Keys, .. capabilities.Labels.Values, .. capabilities.AllowedUsers, .. capabilities.AllowedImages];
        if (texts.Any(text => text?.Length > MaxText))
            throw Invalid($"a text of more than {MaxText} characters");
    }

    private static AhoyException Invalid(string what) => new(ErrorCode.InvalidRequest, $"The agent's contact holds {what}. Agent and master may be of different versions.");
}
