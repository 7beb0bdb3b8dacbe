using System.Text.Json;
using Ahoy.Agent.Contact;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Joining;

/// <summary>The agent's place at its master: joins with a one-use token, and keeps what it got in the state directory.</summary>
internal sealed class AgentMembership(string stateDirectory)
{
    private string CredentialsFile => Path.Combine(stateDirectory, "credentials.json");

    /// <summary>Null when this agent has not joined.</summary>
    public AgentCredentials? Load()
    {
        if (!File.Exists(CredentialsFile))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(CredentialsFile), AgentJson.Default.AgentCredentials);
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"{CredentialsFile} is damaged: {e.Message} Delete it and join again.", e);
        }
    }

    public async Task<AgentCredentials> JoinAsync(Uri url, AccessToken token, string name, CancellationToken cancellationToken)
    {
        using var master = new MasterClient(url, token);
        var answer = await master.JoinAsync(new JoinRequest { Name = name }, cancellationToken);
        var credentials = new AgentCredentials { Master = url, Name = answer.Name, Token = answer.Token };
        PrivateFile.CreateDirectory(stateDirectory);
        PrivateFile.Write(CredentialsFile, JsonSerializer.SerializeToUtf8Bytes(credentials, AgentJson.Default.AgentCredentials));
        return credentials;
    }

    /// <summary>Joins when there is a join token and no membership that the token's master accepts; else what was joined before.</summary>
    public async Task<AgentCredentials> EnsureAsync(Uri? url, string? tokenFile, string name, CancellationToken cancellationToken)
    {
        var credentials = Load();
        if (credentials is null || (tokenFile is not null && IsForAnother(credentials, tokenFile)))
        {
            if (url is null || tokenFile is null)
                throw new AhoyException(ErrorCode.InvalidRequest, $"This agent has joined no master ({CredentialsFile} is not there). Join with `ahoy agent join URL --token-file FILE`; a manager makes the token with `ahoy token create --join`.");
            return await JoinAsync(url, ReadToken(tokenFile), name, cancellationToken);
        }

        // Expired or revoked: with a join token at hand the agent comes back under its name.
        if (tokenFile is not null && File.Exists(tokenFile) && await IsRefusedAsync(url ?? credentials.Master, credentials, cancellationToken))
            return await JoinAsync(url ?? credentials.Master, ReadToken(tokenFile), credentials.Name, cancellationToken);
        return url is null ? credentials : credentials with { Master = url };
    }

    public static AccessToken ReadToken(string file)
    {
        if (!File.Exists(file))
            throw new AhoyException(ErrorCode.InvalidRequest, $"There is no token file {file}.");
        return AccessToken.TryParse(File.ReadAllText(file), out var token) && token!.Kind == AccessToken.Join
            ? token
            : throw new AhoyException(ErrorCode.InvalidRequest, $"File {file} does not hold a join token (ahoy_join_…). A manager makes one with `ahoy token create --join`.");
    }

    /// <exception cref="AhoyException">The credentials were changed by hand.</exception>
    public static AccessToken Token(AgentCredentials credentials) =>
        AccessToken.TryParse(credentials.Token, out var token)
            ? token!
            : throw new AhoyException(ErrorCode.InvalidRequest, "The token in this agent's credentials.json is damaged. Delete the file and join again.");

    /// <summary>Asks for something that no agent has. A master that can't be reached has refused nothing.</summary>
    private static async Task<bool> IsRefusedAsync(Uri url, AgentCredentials credentials, CancellationToken cancellationToken)
    {
        using var master = new MasterClient(url, Token(credentials));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await master.GetUploadAsync(new AttemptId(new JobId(long.MaxValue), 1), Digest.Of([]), patience.Token);
            return false;
        }
        catch (AhoyException e)
        {
            return e.Code == ErrorCode.Unauthorized;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static bool IsForAnother(AgentCredentials credentials, string tokenFile) =>
        File.Exists(tokenFile) && ReadToken(tokenFile).CaFingerprint != Token(credentials).CaFingerprint;
}
