namespace Ahoy.Contracts.Jobs;

/// <summary>One try of a job on one agent. Attempts of a job are numbered from 1.</summary>
public readonly record struct AttemptId(JobId Job, int Number)
{
    /// <summary>"42.1": the name under which the attempt's container, folder and journal are found on the host.</summary>
    public override string ToString() => $"{Job}.{Number}";

    public static bool TryParse(string? text, out AttemptId id)
    {
        id = default;
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot < 0 || !JobId.TryParse(text![..dot], out var job) || !int.TryParse(text.AsSpan(dot + 1), out var number) || number < 1)
            return false;
        id = new AttemptId(job, number);
        return true;
    }
}
