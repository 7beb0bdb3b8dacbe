using System.Text.Json;
using Ahoy.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Problems;

/// <summary>The one place where errors become HTTP: problem details (RFC 9457) with a stable code.</summary>
internal static partial class ProblemMiddleware
{
    public static void UseProblems(this IApplicationBuilder app, ILogger logger) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, Describe(e, context, logger));
            return;
        }

        // What ASP.NET Core itself refuses, it refuses without a word.
        if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentType: null })
            await WriteAsync(context, Unexplained(context));
    });

    /// <summary>The HTTP status for each code.</summary>
    public static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.InvalidRequest or ErrorCode.InvalidImage or ErrorCode.UnsafeArchive or ErrorCode.DigestMismatch => StatusCodes.Status400BadRequest,
        ErrorCode.Unauthorized => StatusCodes.Status401Unauthorized,
        ErrorCode.Forbidden => StatusCodes.Status403Forbidden,
        ErrorCode.NotFound or ErrorCode.UnknownBase or ErrorCode.UnknownImage or ErrorCode.MissingBlob => StatusCodes.Status404NotFound,
        ErrorCode.NameTaken or ErrorCode.Conflict or ErrorCode.IdempotencyMismatch or ErrorCode.OffsetMismatch or ErrorCode.StaleAttempt => StatusCodes.Status409Conflict,
        ErrorCode.BuildFailed or ErrorCode.NeverSatisfiable or ErrorCode.NotSupported => StatusCodes.Status422UnprocessableEntity,
        ErrorCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.DiskFull => StatusCodes.Status507InsufficientStorage,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static Problem Describe(Exception error, HttpContext context, ILogger logger)
    {
        switch (error)
        {
            case AhoyException ahoy:
                return Make(ahoy.Code, ahoy.Message, ahoy.Transient);
            case BadHttpRequestException bad:
                return Make(ErrorCode.InvalidRequest, bad.InnerException is JsonException json ? $"The request's JSON is not as it must be: {json.Message}" : bad.Message, transient: false);
            case IOException { HResult: 28 } full:
                // errno ENOSPC, as .NET reports it on Linux.
                return Make(ErrorCode.DiskFull, $"The master's disk is full: {full.Message} Free space there, then try again.", transient: true);
            default:
                Log.Unexpected(logger, context.Request.Method, context.Request.Path, error);
                return Make(ErrorCode.Internal, "The master met an error of its own; its log says more. Try again, and tell the manager when it stays.", transient: true);
        }
    }

    private static Problem Unexplained(HttpContext context)
    {
        var call = $"{context.Request.Method} {context.Request.Path}";
        var problem = context.Response.StatusCode switch
        {
            404 or 405 => Make(ErrorCode.NotFound, $"This master has no {call}. Client and master may be of different versions.", transient: false),
            413 => Make(ErrorCode.InvalidRequest, $"The body of {call} is too large for this call. Send less, or in several calls.", transient: false),
            415 => Make(ErrorCode.InvalidRequest, $"{call} needs a body of JSON, with the header Content-Type: application/json.", transient: false),
            _ => Make(ErrorCode.InvalidRequest, $"{call} came with a value in its path, query or body that can't be read.", transient: false),
        };
        return problem with { Status = context.Response.StatusCode };
    }

    private static Problem Make(ErrorCode code, string detail, bool transient) =>
        new() { Title = code.ToString(), Status = StatusOf(code), Detail = detail, Code = code, Transient = transient };

    private static Task WriteAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        return context.Response.WriteAsJsonAsync(problem, AhoyJson.Default.Problem, "application/problem+json", CancellationToken.None);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
        public static partial void Unexpected(ILogger logger, string method, PathString path, Exception error);
    }
}
