using System.Text.Json;
using System.Text.Json.Serialization;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;

namespace Ahoy.Contracts;

/// <summary>The one place that says how Ahoy's JSON looks: camelCase names, enums as words, absent instead of null.</summary>
/// <remarks>
/// Properties with a default are "set", not "init": the source-generated reader gives every init property a value, null or 0
/// when the JSON does not hold it, and the default would be lost.
/// </remarks>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(JobBatch))]
[JsonSerializable(typeof(JobBatchAnswer))]
[JsonSerializable(typeof(JobEnd))]
[JsonSerializable(typeof(ImageView))]
[JsonSerializable(typeof(ImageList))]
[JsonSerializable(typeof(ImageRegistration))]
[JsonSerializable(typeof(ImageContents))]
[JsonSerializable(typeof(BuildRequest))]
[JsonSerializable(typeof(BuildView))]
[JsonSerializable(typeof(BlobQuery))]
[JsonSerializable(typeof(BlobAnswer))]
[JsonSerializable(typeof(UploadView))]
[JsonSerializable(typeof(ContactRequest))]
[JsonSerializable(typeof(ContactResponse))]
[JsonSerializable(typeof(AttemptOrder))]
[JsonSerializable(typeof(AttemptResult))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinResponse))]
[JsonSerializable(typeof(AgentView))]
[JsonSerializable(typeof(AgentList))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenResponse))]
[JsonSerializable(typeof(TokenList))]
[JsonSerializable(typeof(WrapperOrders))]
[JsonSerializable(typeof(WrapperResult))]
[JsonSerializable(typeof(RelayRequest))]
[JsonSerializable(typeof(RelayReply))]
public sealed partial class AhoyJson : JsonSerializerContext
{
}
