using System.Security.Cryptography;
using Ahoy.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Access;

/// <summary>Renews, long before its end, what a master that runs for years would else lose: its server certificate and the token in manager.token.</summary>
internal sealed partial class Renewals(MasterCertificates certificates, TokenStore tokens, MasterOptions options, TimeProvider time, ILogger<Renewals> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (certificates.RenewIfDue(time.GetUtcNow()))
                    Log.CertificateRenewed(logger, certificates.Server.NotAfter.ToUniversalTime());
                await ManagerToken.RenewAsync(tokens, options);
            }
            catch (Exception e) when (e is AhoyException or IOException or UnauthorizedAccessException or CryptographicException)
            {
                Log.Failed(logger, Interval.TotalHours, e);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The server certificate was renewed; it holds until {Until:u}")]
        public static partial void CertificateRenewed(ILogger logger, DateTime until);

        [LoggerMessage(2, LogLevel.Error, "Certificate or manager's token could not be renewed; the next try is in {Hours} h")]
        public static partial void Failed(ILogger logger, double hours, Exception error);
    }
}
