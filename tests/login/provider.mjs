// A provider of OpenID Connect: the certified oidc-provider, with the accounts of a file that may change.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { folder, port, accounts, callback } = JSON.parse(process.argv[2]);
const found = createRequire(`${folder}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found));

const known = () => JSON.parse(readFileSync(accounts, "utf8"));
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: "hub",
    client_secret: "the-secret-of-the-hub",
    redirect_uris: [callback],
    grant_types: ["authorization_code", "refresh_token"],
  }],
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "groups"],
    email: ["email", "email_verified"],
  },
  findAccount: (ctx, id) => known()[id] && {
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, ...known()[id] }),
  },
  clockTolerance: 0,
  issueRefreshToken: () => true,
  ttl: { AccessToken: 2, AuthorizationCode: 60, IdToken: 60, RefreshToken: 3600, Session: 3600,
    Interaction: 600, Grant: 3600 },
  cookies: { keys: ["for tests only"] },
});
provider.on("grant.success", (ctx) => console.log(`granted ${ctx.oidc.params.grant_type}`));
provider.on("grant.error", (ctx, error) => console.log(`refused ${error.message} ${error.error_detail ?? ""}`));
provider.on("end_session.success", () => console.log("session ended"));
provider.listen(port, "127.0.0.1", () => console.log("listening"));
